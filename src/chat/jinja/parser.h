// Tokens to the syntax tree; Jinja2's grammar and precedence.
#pragma once

#include <memory>
#include <string>

#include "chat/jinja/ast.h"

namespace llmbox::jinja {

/// Throws SyntaxFault.
std::shared_ptr<const Program> parse_program(std::string source, std::string name, JinjaOptions options);

}  // namespace llmbox::jinja
