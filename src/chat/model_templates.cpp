#include "chat/model_templates.h"

#include <algorithm>
#include <cctype>

namespace llmbox {

namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view last_part(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

/// "…/models--org--name/snapshots/hash" → "name"; else the last folder.
std::string bare_name(std::string_view model) {
  while (model.ends_with('/')) model.remove_suffix(1);
  const size_t snapshots = model.rfind("/snapshots/");
  if (snapshots != std::string_view::npos) model = model.substr(0, snapshots);
  std::string_view name = last_part(model);
  if (name.starts_with("models--")) name = name.substr(name.rfind("--") + 2);
  return lowered(name);
}

}  // namespace

std::optional<std::string> template_of_model(std::string_view model) {
  const std::string wanted = bare_name(model);
  std::string_view text = embedded_model_templates();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t colon = line.find(": ");
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    for (std::string_view rest = line.substr(colon + 2); !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      if (lowered(last_part(name)) == wanted) return std::string(line.substr(0, colon));
    }
  }
  return std::nullopt;
}

}  // namespace llmbox
