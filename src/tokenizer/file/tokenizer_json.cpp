// tokenizer.json of the tokenizers library.
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/json_integer.h"

namespace llmbox {

namespace {

using simdjson::ondemand::json_type;
using simdjson::ondemand::value;

constexpr int kDeepest = 64;

// How deep brackets nest outside of strings.
int depth_of(std::string_view json) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (in_string) {
      if (json[i] == '\\') ++i;
      if (json[i] == '"') in_string = false;
      continue;
    }
    if (json[i] == '"') in_string = true;
    if (json[i] == '{' || json[i] == '[') deepest = std::max(deepest, ++depth);
    if (json[i] == '}' || json[i] == ']') --depth;
  }
  return deepest;
}

Json small_part(value part) {
  std::string_view text = simdjson::to_json_string(part);
  if (depth_of(text) > kDeepest)
    fail("tokenizer", "expected stages nested at most {} deep, got {}; try the original file", kDeepest,
         depth_of(text));
  return parse_json(text, "tokenizer");
}

// A number as the reference reads it: its digits as one integer, rounded, then divided by a power of ten. The last bit
// may differ from the nearest double, and near ties between cuts hang on it.
double reference_number(std::string_view token) {
  uint64_t digits = 0;
  int exponent = 0;
  bool negative = token.starts_with('-'), fraction = false, full = false;
  size_t i = negative;
  for (; i < token.size() && (token[i] == '.' || (token[i] >= '0' && token[i] <= '9')); ++i) {
    if (token[i] == '.') {
      fraction = true;
      continue;
    }
    auto digit = static_cast<uint64_t>(token[i] - '0');
    full = full || digits > (UINT64_MAX - digit) / 10;
    if (!full) digits = digits * 10 + digit;
    exponent += full ? !fraction : -static_cast<int>(fraction);
  }
  if (i < token.size() && (token[i] == 'e' || token[i] == 'E'))
    exponent += std::atoi(std::string(token.substr(i + 1)).c_str());
  auto value = static_cast<double>(digits);
  for (; exponent < 0; exponent += 308) {
    value /= std::pow(10.0, std::min(-exponent, 308));
    if (exponent >= -308) break;
  }
  if (exponent > 0) value *= std::pow(10.0, exponent);
  return negative ? -value : value;
}

// {"token": id, …}, or the Unigram model's list of [piece, score].
void read_vocab(value part, ModelDescription& model) {
  if (part.type() == json_type::object) {
    for (auto entry : part.get_object()) {
      std::string_view token = entry.unescaped_key();
      model.vocabulary.add(token, entry.value().get_int64());
    }
    return;
  }
  for (auto entry : part.get_array()) {
    int place = 0;
    for (auto side : entry.get_array()) {
      if (place == 0) {
        std::string_view piece = side.get_string();
        model.vocabulary.add(piece, static_cast<int64_t>(model.scores.size()));
      } else if (place == 1 && side.type() == json_type::number) {
        std::string_view number = side.raw_json_token();
        model.scores.push_back(reference_number(number.substr(0, number.find_last_of("0123456789") + 1)));
      } else {
        ++place;
      }
      ++place;
    }
    if (place != 2) fail("tokenizer", "expected [piece, score] in vocab, got another form");
  }
}

// "left right", or ["left", "right"] in newer files.
void read_merge(value entry, MergeList& merges) {
  if (entry.type() == json_type::string) {
    std::string_view text = entry.get_string();
    size_t space = text.find(' ');
    if (space == std::string_view::npos) fail("tokenizer", "expected 'left right' in merges, got '{}'", text);
    return merges.add(text.substr(0, space), text.substr(space + 1));
  }
  std::string_view sides[2];
  size_t count = 0;
  for (auto side : entry.get_array()) {
    std::string_view text = side.get_string();
    if (count < 2) sides[count] = text;
    ++count;
  }
  if (count != 2) fail("tokenizer", "expected a pair in merges, got {} tokens", count);
  merges.add(sides[0], sides[1]);
}

ModelDescription read_model(value part, size_t file_size) {
  ModelDescription model;
  model.vocabulary.reserve(file_size / 64);
  for (auto field : part.get_object()) {
    std::string key(std::string_view(field.unescaped_key()));
    if (key == "merges" && field.value().type() != json_type::null) {
      if (field.value().type() != json_type::array)
        fail("tokenizer", "expected a list of pairs in merges, got another value");
      model.merges.reserve(file_size / 32, file_size / 3);
      for (auto merge : field.value().get_array()) read_merge(merge.value(), model.merges);
    } else if (key == "vocab") {
      read_vocab(field.value(), model);
    } else {
      model.options[key] = small_part(field.value());
    }
  }
  return model;
}

AddedToken read_added_token(const Json& entry) {
  return {.id = json_token_id(entry.at("id")),
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

FileParts parse_file(const std::filesystem::path& path) {
  simdjson::padded_string padded = simdjson::padded_string::load(path.string());
  simdjson::ondemand::parser parser;
  FileParts parts;
  auto document = parser.iterate(padded);
  for (auto field : document.get_object()) {
    std::string key(std::string_view(field.unescaped_key()));
    if (key == "model") {
      parts.model = read_model(field.value(), padded.size());
    } else {
      parts.rest[key] = small_part(field.value());
    }
  }
  return parts;
}

// The reference's tokenizer class for byte-level vocabularies with word ends (CLIP) turns the marks into spaces.
std::vector<DecodeStageMaker> decoder_of(const Json& description, const Json& model_options) {
  std::vector<DecodeStageMaker> stages = make_decoder(description);
  std::string suffix = text_option(model_options, "end_of_word_suffix");
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

namespace {

// read() with every fault of the JSON told as one line about the file.
template <typename Read>
auto naming_file(const std::filesystem::path& path, Read&& read) {
  try {
    return read();
  } catch (const simdjson::simdjson_error& error) {
    fail(path.string(), "expected the JSON of a tokenizer, got a fault: {}; try fetching the file again", error.what());
  } catch (const nlohmann::json::exception& error) {
    fail(path.string(), "expected the JSON of a tokenizer, got a fault: {}; try fetching the file again", error.what());
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace

PipelineParts read_tokenizer_json(const std::filesystem::path& path) {
  return naming_file(path, [&] { return build(parse_file(path)); });
}

StringTable read_vocab_object(const std::filesystem::path& path) {
  return naming_file(path, [&] {
    simdjson::padded_string padded = simdjson::padded_string::load(path.string());
    simdjson::ondemand::parser parser;
    auto document = parser.iterate(padded);
    StringTable vocabulary;
    vocabulary.reserve(padded.size() / 20);
    for (auto entry : document.get_object()) {
      std::string_view token = entry.unescaped_key();
      vocabulary.add(token, entry.value().get_int64());
    }
    return vocabulary;
  });
}

}  // namespace llmbox
