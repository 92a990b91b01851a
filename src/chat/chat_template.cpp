#include "chat/chat_template.h"

#include <algorithm>

#include "chat/parsed_slots.h"
#include "chat/table_messages.h"
#include "chat/template_table.h"
#include "core/near_name.h"

namespace llmbox {

struct ChatTemplate::State {
  JinjaTemplate jinja;
  std::optional<JinjaTemplate> with_tools;  // a named "tool_use" template of the model
  Json tokens;                              // bos_token, eos_token … as strings
  const TemplateRow* row = nullptr;         // of the table; null: the model's own, or a file
  JinjaOptions options;
  std::vector<std::string> stop_words;
  std::string eos_replacement;
};

namespace {

namespace fs = std::filesystem;

/// Every *_token of a tokenizer_config.json as text.
Json special_tokens(const Json& config) {
  Json tokens = Json::object();
  if (!config.is_object()) return tokens;
  for (const auto& [key, value] : config.items()) {
    if (!key.ends_with("_token")) continue;
    if (value.is_string()) tokens[key] = value;
    if (value.is_object() && value.contains("content")) tokens[key] = value["content"];
  }
  return tokens;
}

/// The sources in a "chat_template" entry: text, or a list of {"name", "template"}.
struct Sources {
  std::string main, tool_use;
};

Sources read_sources(const Json& entry, const std::string& where) {
  Sources sources;
  if (entry.is_string()) {
    sources.main = entry;
  } else if (entry.is_array() && !entry.empty()) {
    for (const Json& one : entry) {
      if (!one.is_object() || !one.contains("name") || !one.contains("template"))
        fail(where, "expected 'chat_template' as text or a list of name and template, got {}", one.dump());
      if (one["name"] == "default") sources.main = one["template"];
      if (one["name"] == "tool_use") sources.tool_use = one["template"];
    }
    if (sources.main.empty()) sources.main = entry[0]["template"];
  } else {
    fail(where, "expected 'chat_template' as text or a list of name and template, got {}", entry.type_name());
  }
  return sources;
}

/// LLaMA-Factory's "function" message: thoughts or other text, and calls as JSON.
Json calls_message(const Message& message) {
  const Json& given = message.at("content");
  std::string text = given.is_string() ? given.get<std::string>() : given.dump(), before;
  const size_t open = text.find("<tool_call>"), close = text.rfind("</tool_call>");
  const size_t thought = text.rfind("</think>");
  if (open != std::string::npos && close != std::string::npos) {
    before = text.substr(0, open) + text.substr(close + 12);
    text = text.substr(open + 11, close - open - 11);
  } else if (thought != std::string::npos) {
    const size_t json = std::min(text.find_first_not_of(" \n\t", thought + 8), text.size());
    before = text.substr(0, json);
    text = text.substr(json);
  }
  Json calls = Json::parse(text, nullptr, false);
  for (size_t at = text.find_first_of("{["); calls.is_discarded() && at < text.size();
       at = text.find_first_of("{[", at + 1)) {  // thoughts in the template's own words stand before the calls
    calls = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), nullptr, false);
    if (!calls.is_discarded()) before += text.substr(0, at);
  }
  if (calls.is_discarded()) fail("chat template", "expected the calls of a function message as JSON, got '{}'", text);
  if (!calls.is_array()) calls = Json::array({calls});
  Json out = {{"role", "assistant"}, {"content", before}, {"tool_calls", Json::array()}};
  for (Json& call : calls) {
    if (!call.is_object() || !call.contains("name"))
      fail("chat template", "expected a call as an object with a name, got {}", call.dump());
    Json arguments = call.value("arguments", Json::object());
    if (arguments.is_string()) {
      Json parsed = Json::parse(arguments.get_ref<const std::string&>(), nullptr, false);
      if (!parsed.is_discarded()) arguments = std::move(parsed);
    }
    out["tool_calls"].push_back(
        {{"type", "function"}, {"function", {{"name", call["name"]}, {"arguments", arguments}}}});
  }
  return out;
}

Json normalized(const Messages& messages) {
  Json out = Json::array();
  for (const Message& message : messages) {
    if (!message.is_object() || !message.contains("role"))
      fail("chat template", "expected a message as an object with a role, got {}", message.dump());
    const Json& role = message["role"];
    if (role == "function" && !message.contains("name")) {
      out.push_back(calls_message(message));
    } else {
      out.push_back(message);
      if (role == "observation") out.back()["role"] = "tool";
    }
  }
  return out;
}

Json context_of(const Json& tokens, Json messages, const Json& tools, bool add_generation_prompt,
                const Json& variables) {
  Json context = tokens;
  context["messages"] = std::move(messages);
  context["tools"] = tools;
  context["documents"] = nullptr;
  context["add_generation_prompt"] = add_generation_prompt;
  if (variables.is_object())
    for (const auto& [key, value] : variables.items()) context[key] = value;
  return context;
}

/// Cuts the text at the borders of the targets and wherever the template asks for.
std::vector<TemplatePiece> cut_pieces(const RenderedSpans& rendered) {
  std::vector<size_t> borders = rendered.cuts;
  for (const auto& [begin, end] : rendered.generation) borders.insert(borders.end(), {begin, end});
  borders.push_back(rendered.text.size());
  std::sort(borders.begin(), borders.end());
  std::vector<TemplatePiece> pieces;
  size_t at = 0, span = 0;
  for (const size_t border : borders) {
    if (border <= at) continue;
    while (span < rendered.generation.size() && rendered.generation[span].second <= at) ++span;
    const bool target = span < rendered.generation.size() && rendered.generation[span].first <= at;
    pieces.push_back({rendered.text.substr(at, border - at), target});
    at = border;
  }
  return pieces;
}

/// Where the reply `index` stands in `text` (from `from` on): what rendering up to it adds to rendering its prompt.
std::optional<std::pair<size_t, size_t>> reply_span(const std::string& text, size_t from, const std::string& prompt,
                                                    const std::string& whole, const Json& message) {
  if (prompt.size() >= from && whole.starts_with(prompt) && text.starts_with(whole))
    return std::pair(prompt.size(), whole.size());
  // The template writes history in another way (thoughts dropped …): look for the words themselves.
  if (!message.contains("content") || !message["content"].is_string()) return std::nullopt;
  const std::string& content = message["content"].get_ref<const std::string&>();
  const size_t in_whole = whole.rfind(content), in_text = text.find(content, from);
  if (content.empty() || in_whole == std::string::npos || in_text == std::string::npos) return std::nullopt;
  size_t end = in_text + content.size();
  const std::string after = whole.substr(in_whole + content.size());
  if (text.compare(end, after.size(), after) == 0) end += after.size();
  return std::pair(in_text, end);
}

std::string_view embedded(std::string_view name) {
  for (const EmbeddedTemplate& file : embedded_templates())
    if (name == file.name) return file.source;
  CHECK(false, "no embedded template {}", name);
  return {};
}

/// The slots of a row with the turns that they include.
std::string composed_source(const TemplateRow& row, std::string_view turns) {
  static constexpr std::string_view kInclude = "{%- include 'turns' -%}";
  std::string source(embedded(row.name));
  const size_t at = source.find(kInclude);
  CHECK(at != std::string::npos, "templates/{}.jinja includes no turns", row.name);
  return source.replace(at, kInclude.size(), embedded(turns));
}

}  // namespace

ChatTemplate ChatTemplate::from_source(std::string source, std::string name, Json tokenizer_config,
                                       JinjaOptions options) {
  auto state = std::make_shared<State>();
  state->options = options;
  state->jinja = JinjaTemplate::parse(std::move(source), std::move(name), std::move(options));
  state->tokens = special_tokens(tokenizer_config);
  ChatTemplate made;
  made.state_ = std::move(state);
  return made;
}

std::vector<std::string> ChatTemplate::names() {
  std::vector<std::string> names;
  for (const TemplateRow& row : template_table()) names.emplace_back(row.name);
  return names;
}

std::optional<ChatTemplate> ChatTemplate::find(const fs::path& folder) {
  const fs::path config_path = folder / "tokenizer_config.json", own = folder / "chat_template.jinja";
  const Json config = fs::exists(config_path) ? read_json_file(config_path) : Json::object();
  if (fs::exists(own)) return from_source(read_text_file(own), own.string(), config);
  for (const fs::path& path : {config_path, folder / "chat_template.json"}) {
    if (!fs::exists(path)) continue;
    const Json holder = read_json_file(path);
    if (!holder.is_object() || !holder.contains("chat_template") || holder["chat_template"].is_null()) continue;
    Sources sources = read_sources(holder["chat_template"], path.string());
    ChatTemplate made = from_source(std::move(sources.main), path.string(), config);
    if (!sources.tool_use.empty()) {
      auto state = std::make_shared<State>(*made.state_);
      state->with_tools = JinjaTemplate::parse(std::move(sources.tool_use), path.string() + ":tool_use");
      made.state_ = std::move(state);
    }
    return made;
  }
  return std::nullopt;
}

ChatTemplate ChatTemplate::load(const std::string& which) { return load(which, Json::object()); }

ChatTemplate ChatTemplate::load(const std::string& which, const Json& tokenizer_config) {
  if (fs::is_directory(which)) {
    if (auto found = find(which)) return *found;
    fail(which,
         "expected a chat template (chat_template.jinja, tokenizer_config.json or chat_template.json), found "
         "none; try the name of a template, such as {}",
         near_names("default", names()));
  }
  if (fs::is_regular_file(which)) {
    if (fs::path(which).extension() != ".json") return from_source(read_text_file(which), which, tokenizer_config);
    const Json holder = read_json_file(which);
    if (!holder.is_object() || !holder.contains("chat_template"))
      fail(which, "expected a key 'chat_template', found none");
    return from_source(read_sources(holder["chat_template"], which).main, which, holder);
  }
  for (const TemplateRow& row : template_table())
    if (which == row.name) return from_row(row, tokenizer_config);
  fail("chat template", "expected a template's name, a file or a model folder, got '{}'; try {}", which,
       near_names(which, names()));
}

ChatTemplate ChatTemplate::from_row(const TemplateRow& row, const Json& tokenizer_config, JinjaOptions options) {
  ChatTemplate made = from_source(composed_source(row, "turns"), row.name, tokenizer_config, std::move(options));
  auto state = std::make_shared<State>(*made.state_);
  state->row = &row;
  for (const char* word : row.stop_words)
    if (word) state->stop_words.push_back(word);
  if (row.has(kReplacesEos)) state->eos_replacement = row.stop_words[0];
  made.state_ = std::move(state);
  return made;
}

Json ChatTemplate::row_context(const Messages& messages, const Json& tools, TableOptions options) const {
  const auto& clock = state_->options.clock;
  const std::time_t now = std::time(nullptr);
  Json context = table_context(*state_->row, messages, tools, options, clock ? clock() : *std::localtime(&now));
  const auto token = [&](const char* key) {
    return state_->tokens.contains(key) ? state_->tokens[key].get<std::string>() : std::string();
  };
  context["bos"] = token("bos_token");
  context["eos"] = state_->eos_replacement.empty() ? token("eos_token") : state_->eos_replacement;
  if (context["eos"] == "") context["eos"] = "<|endoftext|>";  // what the tokenizer's repair gives it
  return context;
}

std::string ChatTemplate::render(const Messages& messages, const Json& tools, bool add_generation_prompt,
                                 const Json& variables) const {
  if (state_->row) {
    Json context = row_context(messages, tools, TableOptions::from(variables));
    context["add_generation_prompt"] = add_generation_prompt;
    return state_->jinja.render(context);
  }
  const bool with_tools = state_->with_tools && tools.is_array() && !tools.empty();
  const JinjaTemplate& jinja = with_tools ? *state_->with_tools : state_->jinja;
  return jinja.render(context_of(state_->tokens, normalized(messages), tools, add_generation_prompt, variables));
}

std::vector<TemplatePiece> ChatTemplate::encode_pieces(const Messages& messages, const Json& tools,
                                                       const Json& variables) const {
  if (state_->row) {
    TableOptions options = TableOptions::from(variables);
    options.every_turn = true;
    return cut_pieces(state_->jinja.render_with_spans(row_context(messages, tools, options)));
  }
  if (state_->jinja.has_generation())
    return cut_pieces(
        state_->jinja.render_with_spans(context_of(state_->tokens, normalized(messages), tools, false, variables)));
  RenderedSpans rendered;
  rendered.text = render(messages, tools, false, variables);
  size_t from = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string role = messages[i].value("role", "");
    if (role != "assistant" && role != "function") continue;
    const Messages before(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i));
    const Messages upto(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    const auto span = reply_span(rendered.text, from, render(before, tools, true, variables),
                                 render(upto, tools, false, variables), messages[i]);
    if (!span) {  // the template hides where the reply stands
      const std::string bos = state_->tokens.value("bos_token", "");
      return slot_pieces(parse_slots(*this, rendered.text.starts_with(bos) ? bos : ""), messages);
    }
    rendered.generation.push_back(*span);
    from = span->second;
  }
  return cut_pieces(rendered);
}

const std::string& ChatTemplate::name() const { return state_->jinja.name(); }
std::string ChatTemplate::source() const {
  if (!state_->row) return state_->jinja.source();
  std::string head = "{%- set bos = bos_token | default('') -%}{%- set eos = eos_token | default('') -%}\n";
  if (state_->row->has(kSystemInFirstTurn)) head += "{%- set system_in_first_turn = true -%}\n";
  if (state_->row->has(kEfficientEos)) head += "{%- set assistant = ['{{content}}'] -%}\n";
  return head + composed_source(*state_->row, "standalone_turns");
}

bool ChatTemplate::replaces_jinja() const { return state_->row && state_->row->has(kReplacesJinja); }

bool ChatTemplate::of_table() const { return state_->row != nullptr; }

bool ChatTemplate::efficient_eos() const { return state_->row && state_->row->has(kEfficientEos); }

const std::vector<std::string>& ChatTemplate::stop_words() const { return state_->stop_words; }
const std::string& ChatTemplate::eos_replacement() const { return state_->eos_replacement; }

}  // namespace llmbox
