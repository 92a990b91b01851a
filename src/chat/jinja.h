// The Jinja engine: chat templates and evaluation prompts. Semantics are Jinja2's in the sandboxed environment that
// Hugging Face uses: trim_blocks, lstrip_blocks, loop controls, tojson = json.dumps(ensure_ascii=False),
// raise_exception, strftime_now, {% generation %} blocks. Parse once, render many times; a template is immutable and
// render() is thread-safe. Hostile templates end with an Error: steps, recursion, memory and output are bounded.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace llmbox {

/// A fault of a template: "[name:line:column] message". raised(): the template itself refused (raise_exception), and
/// message() is what it said.
class JinjaError : public Error {
 public:
  JinjaError(std::string_view where, std::string_view message, bool raised) : Error(where, message), raised_(raised) {}
  bool raised() const { return raised_; }

 private:
  bool raised_;
};

struct RenderedSpans {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generation;  // byte spans inside {% generation %}, in order
  std::vector<size_t> cuts;                           // where {% cut %} stands: text is tokenized apart around it
};

/// Where a render must stop.
struct JinjaLimits {
  int64_t steps = 10'000'000;          // evaluated nodes
  int64_t bytes = int64_t{1} << 30;    // memory handed out in all
  int64_t output = int64_t{64} << 20;  // bytes of text
  int depth = 1200;                    // nested evaluations
};

struct JinjaOptions {
  std::function<std::tm()> clock;  // what strftime_now sees; empty: local time
  JinjaLimits limits;
};

namespace jinja {
struct Program;
}

class JinjaTemplate {
 public:
  /// Throws JinjaError for a fault of syntax. `name` is what errors call the template.
  static JinjaTemplate parse(std::string source, std::string name, JinjaOptions options = {});

  /// `context`: an object of the variables. Throws JinjaError.
  std::string render(const Json& context) const;
  RenderedSpans render_with_spans(const Json& context) const;

  /// True where the template marks the assistant's text by {% generation %} blocks.
  bool has_generation() const;
  const std::string& source() const;
  const std::string& name() const;

 private:
  std::shared_ptr<const jinja::Program> program_;
};

}  // namespace llmbox
