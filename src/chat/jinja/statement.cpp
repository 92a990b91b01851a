// How every statement runs.
#include "chat/jinja/objects.h"
#include "chat/jinja/renderer.h"

namespace llmbox::jinja {

namespace {

Value filtered(Renderer& renderer, const Expression* filters, std::string text) {
  Value value(std::move(text));
  if (!filters) return value;
  const Value* const outer = std::exchange(renderer.block_text, &value);
  Value result = renderer.evaluate(*filters);
  renderer.block_text = outer;
  return result;
}

std::string capture_inner(Renderer& renderer, const Body& body) {
  const Renderer::Inner inner(renderer, renderer.scope());
  return renderer.capture(body);
}

}  // namespace

Flow Text::execute(Renderer& renderer) const {
  renderer.write(text);
  return Flow::next;
}

Flow Print::execute(Renderer& renderer) const {
  renderer.write_value(renderer.evaluate(*value));
  return Flow::next;
}

Flow If::execute(Renderer& renderer) const {
  for (const auto& [condition, body] : branches)
    if (renderer.evaluate(*condition).truthy()) return renderer.execute(body);
  return renderer.execute(otherwise);
}

Flow For::execute(Renderer& renderer) const { return run_loop(renderer, *this, renderer.evaluate(*iterable), 0); }

Flow Set::execute(Renderer& renderer) const {
  renderer.assign(target, renderer.evaluate(*value));
  return Flow::next;
}

Flow SetBlock::execute(Renderer& renderer) const {
  renderer.assign(target, filtered(renderer, filters.get(), capture_inner(renderer, body)));
  return Flow::next;
}

Flow FilterBlock::execute(Renderer& renderer) const {
  renderer.write_value(filtered(renderer, filters.get(), capture_inner(renderer, body)));
  return Flow::next;
}

Flow Macro::execute(Renderer& renderer) const {
  if (renderer.scope()) renderer.track(renderer.scope());
  renderer.assign(symbol, Value(std::shared_ptr<Object>(std::make_shared<MacroObject>(macro, renderer.scope()))));
  return Flow::next;
}

Flow CallBlock::execute(Renderer& renderer) const {
  if (renderer.scope()) renderer.track(renderer.scope());
  const Value callee = renderer.evaluate(*call->callee);
  Arguments arguments = call->arguments.evaluate(renderer);
  auto body = std::make_shared<MacroObject>(caller, renderer.scope());
  arguments.keywords.emplace_back("caller", Value(std::shared_ptr<Object>(std::move(body))));
  renderer.write_value(call_value(renderer, callee, arguments));
  return Flow::next;
}

Flow With::execute(Renderer& renderer) const {
  std::vector<Value> evaluated;  // in the outer scope, as Jinja2 does
  for (const auto& [target, value] : values) evaluated.push_back(renderer.evaluate(*value));
  const Renderer::Inner inner(renderer, renderer.scope());
  for (size_t i = 0; i < values.size(); ++i) renderer.assign(values[i].first, evaluated[i]);
  return renderer.execute(body);
}

Flow Generation::execute(Renderer& renderer) const {
  const Renderer::Inner inner(renderer, renderer.scope());
  renderer.mark_generation(body);
  return Flow::next;
}

Flow Cut::execute(Renderer& renderer) const {
  renderer.mark_cut();
  return Flow::next;
}

Flow Do::execute(Renderer& renderer) const {
  renderer.evaluate(*value);
  return Flow::next;
}

}  // namespace llmbox::jinja
