// Which template of the table a released model was trained with, by its hub name (templates/models.txt).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmbox {

/// The text of templates/models.txt (made by embed_templates.cmake).
std::string_view embedded_model_templates();

/// `model`: a hub name, a folder named like one, or a snapshot in the hub's cache. Letters' case does not matter.
std::optional<std::string> template_of_model(std::string_view model);

}  // namespace llmbox
