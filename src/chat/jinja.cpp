#include "chat/jinja.h"

#include <fmt/format.h>

#include "chat/jinja/parser.h"
#include "chat/jinja/renderer.h"

namespace llmbox {

JinjaTemplate JinjaTemplate::parse(std::string source, std::string name, JinjaOptions options) {
  JinjaTemplate made;
  try {
    made.program_ = jinja::parse_program(std::move(source), name, std::move(options));
  } catch (const jinja::SyntaxFault& fault) {
    throw JinjaError(fmt::format("{}:{}:{}", name, fault.at.line, fault.at.column), fault.message, false);
  }
  return made;
}

std::string JinjaTemplate::render(const Json& context) const { return render_with_spans(context).text; }

RenderedSpans JinjaTemplate::render_with_spans(const Json& context) const {
  return jinja::Renderer(*program_, context).run();
}

bool JinjaTemplate::has_generation() const { return program_->has_generation; }
const std::string& JinjaTemplate::source() const { return program_->source; }
const std::string& JinjaTemplate::name() const { return program_->name; }

}  // namespace llmbox
