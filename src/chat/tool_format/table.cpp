#include <vector>

#include "chat/tool_format.h"
#include "chat/tool_format/formats.h"
#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

using namespace tool_text;

constexpr ToolFormat kFormats[] = {
    {"default", default_tools, default_calls, default_parse},
    {"glm4", glm4_tools, glm4_calls, glm4_parse},
    {"glm4_moe", glm4_moe_tools, glm4_moe_calls, qwen_parse},
    {"llama3", llama3_tools, llama3_calls, llama3_parse},
    {"mistral", mistral_tools, mistral_calls, mistral_parse},
    {"qwen", qwen_tools, qwen_calls, qwen_parse},
    {"ling", ling_tools, qwen_calls, qwen_parse},
    {"qwen3_5", qwen3_5_tools, qwen3_5_calls, qwen3_5_parse},
    {"seed_oss", seed_oss_tools, seed_oss_calls, seed_oss_parse},
    {"minimax1", minimax1_tools, minimax1_calls, minimax1_parse},
    {"minimax2", minimax2_tools, minimax2_calls, minimax2_parse},
    {"lfm2", lfm2_tools, lfm2_calls, lfm2_parse},
    {"gemma4", gemma4_tools, gemma4_calls, gemma4_parse},
};

}  // namespace

std::span<const ToolFormat> tool_formats() { return kFormats; }

const ToolFormat& tool_format(std::string_view name) {
  std::vector<std::string> names;
  for (const ToolFormat& format : kFormats) {
    if (name == format.name) return format;
    names.emplace_back(format.name);
  }
  fail("tool format", "expected a tool format, got '{}'; try {}", name, near_names(name, names));
}

}  // namespace llmbox
