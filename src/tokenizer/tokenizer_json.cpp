#include "tokenizer/tokenizer_json.h"

#include <simdjson.h>

#include <algorithm>

#include "core/error.h"

namespace llmbox {

namespace {

using simdjson::ondemand::json_type;
using simdjson::ondemand::value;

Json small_part(value part) { return Json::parse(std::string_view(simdjson::to_json_string(part))); }

// {"token": id, …}; a list of [piece, score] belongs to other models and goes with the options.
bool read_vocab(value part, ModelDescription& model) {
  if (part.type() != json_type::object) return false;
  for (auto entry : part.get_object()) {
    std::string token(std::string_view(entry.unescaped_key()));
    model.vocab.emplace_back(std::move(token), static_cast<int32_t>(entry.value().get_int64()));
  }
  return true;
}

// "left right", or ["left", "right"] in newer files.
void read_merges(value part, ModelDescription& model) {
  if (part.type() != json_type::array) return;
  for (auto merge : part.get_array()) {
    value entry = merge.value();
    if (entry.type() == json_type::array) {
      std::vector<std::string> sides;
      for (auto side : entry.get_array()) sides.emplace_back(std::string_view(side));
      if (sides.size() != 2) fail("tokenizer", "expected a pair in merges, got {} tokens", sides.size());
      model.merges.emplace_back(sides[0], sides[1]);
    } else {
      std::string_view text = entry.get_string();
      size_t space = text.find(' ');
      if (space == std::string_view::npos) fail("tokenizer", "expected 'left right' in merges, got '{}'", text);
      model.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    }
  }
}

ModelDescription read_model(value part) {
  ModelDescription model;
  model.options = Json::object();
  for (auto field : part.get_object()) {
    std::string key(std::string_view(field.unescaped_key()));
    if (key == "merges") {
      read_merges(field.value(), model);
    } else if (key != "vocab" || !read_vocab(field.value(), model)) {
      model.options[key] = small_part(field.value());
    }
  }
  if (model.options.contains("type") && model.options["type"].is_null()) model.options.erase("type");
  return model;
}

AddedToken read_added_token(const Json& entry) {
  return {.id = entry.at("id").get<int32_t>(),
          .content = entry.at("content").get<std::string>(),
          .single_word = entry.value("single_word", false),
          .lstrip = entry.value("lstrip", false),
          .rstrip = entry.value("rstrip", false),
          .normalized = entry.value("normalized", true),
          .special = entry.value("special", false)};
}

struct FileParts {
  Json rest = Json::object();  // all but the model
  std::optional<ModelDescription> model;
};

FileParts parse_file(const std::string& text) {
  simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  FileParts parts;
  auto document = parser.iterate(padded);
  for (auto field : document.get_object()) {
    std::string key(std::string_view(field.unescaped_key()));
    if (key == "model") {
      parts.model = read_model(field.value());
    } else {
      parts.rest[key] = small_part(field.value());
    }
  }
  return parts;
}

// The reference's tokenizer class for byte-level vocabularies with word ends (CLIP) turns the marks into spaces.
std::vector<DecodeStageMaker> decoder_of(const Json& description, const Json& model_options) {
  std::vector<DecodeStageMaker> stages = make_decoder(description);
  std::string suffix;
  if (model_options.contains("end_of_word_suffix") && model_options["end_of_word_suffix"].is_string())
    suffix = model_options["end_of_word_suffix"].get<std::string>();
  if (suffix.empty() || !description.is_object() || description.value("type", "") != "ByteLevel") return stages;
  stages.insert(stages.begin(), make_word_end_decoder(suffix));
  stages.push_back(make_trim_decoder());
  return stages;
}

PipelineParts build(FileParts file) {
  if (!file.model) fail("tokenizer", "expected a 'model' in tokenizer.json, got none; try the original file");
  const Json& rest = file.rest;
  auto part = [&](const char* name) { return rest.contains(name) ? rest[name] : Json(); };
  PipelineParts parts;
  if (Json normalizer = part("normalizer"); !normalizer.is_null()) parts.normalizer = make_normalizer(normalizer);
  if (Json cutter = part("pre_tokenizer"); !cutter.is_null()) parts.pre_tokenizer = make_pre_tokenizer(cutter);
  file.model->byte_level = parts.pre_tokenizer && parts.pre_tokenizer->is_byte_level();
  parts.decoder = decoder_of(part("decoder"), file.model->options);
  parts.model = make_token_model(std::move(*file.model));
  parts.surround = make_post_processor(part("post_processor"));
  for (const Json& entry : part("added_tokens")) parts.added.push_back(read_added_token(entry));
  return parts;
}

}  // namespace

PipelineParts read_tokenizer_json(const std::filesystem::path& path) {
  std::string text = read_text_file(path);
  try {
    return build(parse_file(text));
  } catch (const simdjson::simdjson_error& error) {
    fail(path.string(), "expected the JSON of a tokenizer, got a fault: {}; try fetching the file again", error.what());
  } catch (const nlohmann::json::exception& error) {
    fail(path.string(), "expected the JSON of a tokenizer, got a fault: {}; try fetching the file again", error.what());
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace llmbox
