// The functions behind the rows of table.cpp; each is defined in the file of the format that it is named for.
// glm4_moe and ling are read with qwen's parse, ling is written with qwen's calls_text, as in LLaMA-Factory.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace llmbox::tool_text {

std::string default_tools(const Json& tools, const std::tm& today);
std::string default_calls(const Json& calls);
std::optional<Json> default_parse(std::string_view output);

std::string glm4_tools(const Json& tools, const std::tm& today);
std::string glm4_calls(const Json& calls);
std::optional<Json> glm4_parse(std::string_view output);

std::string glm4_moe_tools(const Json& tools, const std::tm& today);
std::string glm4_moe_calls(const Json& calls);

std::string llama3_tools(const Json& tools, const std::tm& today);
std::string llama3_calls(const Json& calls);
std::optional<Json> llama3_parse(std::string_view output);

std::string mistral_tools(const Json& tools, const std::tm& today);
std::string mistral_calls(const Json& calls);
std::optional<Json> mistral_parse(std::string_view output);

std::string qwen_tools(const Json& tools, const std::tm& today);
std::string qwen_calls(const Json& calls);
std::optional<Json> qwen_parse(std::string_view output);

std::string ling_tools(const Json& tools, const std::tm& today);

std::string qwen3_5_tools(const Json& tools, const std::tm& today);
std::string qwen3_5_calls(const Json& calls);
std::optional<Json> qwen3_5_parse(std::string_view output);

std::string seed_oss_tools(const Json& tools, const std::tm& today);
std::string seed_oss_calls(const Json& calls);
std::optional<Json> seed_oss_parse(std::string_view output);

std::string minimax1_tools(const Json& tools, const std::tm& today);
std::string minimax1_calls(const Json& calls);
std::optional<Json> minimax1_parse(std::string_view output);

std::string minimax2_tools(const Json& tools, const std::tm& today);
std::string minimax2_calls(const Json& calls);
std::optional<Json> minimax2_parse(std::string_view output);

std::string lfm2_tools(const Json& tools, const std::tm& today);
std::string lfm2_calls(const Json& calls);
std::optional<Json> lfm2_parse(std::string_view output);

std::string gemma4_tools(const Json& tools, const std::tm& today);
std::string gemma4_calls(const Json& calls);
std::optional<Json> gemma4_parse(std::string_view output);

}  // namespace llmbox::tool_text
