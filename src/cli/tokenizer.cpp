// llmbox tokenizer train | encode | decode: a tokenizer from text files, and ids from texts and back, a line each.
#include "tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/verb.h"
#include "core/error.h"
#include "core/log.h"
#include "records/reader.h"
#include "tokenizer/train_bpe.h"

namespace llmbox {

namespace {

constexpr const char* kUsage =
    "usage: llmbox tokenizer train --input FILE... --vocab_size N --output DIR [--special TOKEN...]\n"
    "                              [--bos TOKEN] [--eos TOKEN] [--pad TOKEN] [--chat_template FILE]\n"
    "                              [--pattern gpt2|llama3|qwen2|cl100k|REGEX] [--min_frequency N]\n"
    "                              [--model_max_length N]   rows of .jsonl, .json, .parquet …: every string in them\n"
    "       llmbox tokenizer encode MODEL [--special] [--parse-special]   stdin {\"text\"} → stdout {\"ids\"}\n"
    "       llmbox tokenizer decode MODEL [--skip-special]                stdin {\"ids\"} → stdout {\"text\"}\n";

void parse(CLI::App& app, const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    fail("tokenizer", "expected other arguments: {}; try llmbox tokenizer --help", error.what());
  }
}

void count_strings(const Json& value, WordCounter& words) {
  if (value.is_string()) words.add(value.get_ref<const std::string&>());
  if (value.is_structured())
    for (const Json& child : value) count_strings(child, words);
}

void count_file(const std::string& path, WordCounter& words) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (extension != ".jsonl" && extension != ".json" && extension != ".parquet" && extension != ".csv")
    return words.add(read_text_file(path));
  std::unique_ptr<RowReader> rows = open_rows(path);
  while (std::optional<Row> row = rows->next()) count_strings(*row, words);
}

int train(const std::vector<std::string>& args) {
  BpeTrainingOptions options;
  std::vector<std::string> inputs;
  std::string output, template_file;
  CLI::App app;
  app.add_option("--input", inputs)->required();
  app.add_option("--output", output)->required();
  app.add_option("--vocab_size,--vocab-size", options.vocab_size)->required();
  app.add_option("--special", options.special_tokens);
  app.add_option("--bos", options.bos_token);
  app.add_option("--eos", options.eos_token);
  app.add_option("--pad", options.pad_token);
  app.add_option("--chat_template,--chat-template", template_file);
  app.add_option("--pattern", options.pattern);
  app.add_option("--min_frequency,--min-frequency", options.min_frequency);
  app.add_option("--model_max_length,--model-max-length", options.model_max_length);
  parse(app, args);
  if (!template_file.empty()) options.chat_template = read_text_file(template_file);
  WordCounter words(options.pattern);
  for (const std::string& input : inputs) count_file(input, words);
  if (words.counts().empty()) fail("tokenizer train", "expected text in --input, got none; try other files");
  TrainedBpe trained = train_bpe(words, options);
  save_trained_bpe(trained, options, output);
  log_info("tokenizer: {} tokens and {} merges from {} words, written to {}", trained.vocab.size(),
           trained.merges.size(), words.counts().size(), output);
  return 0;
}

// Runs answer(row) on each line of stdin and prints its result; faults name the line.
template <typename Answer>
int answer_lines(Answer&& answer) {
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::string where = fmt::format("stdin:{}", ++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    fmt::print("{}\n", answer(parse_json(line, where), where).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return 0;
}

int encode(const std::vector<std::string>& args) {
  std::string model;
  EncodeOptions options;
  CLI::App app;
  app.add_option("model", model)->required();
  app.add_flag("--special,--add-special", options.add_special);
  app.add_flag("--parse-special,--parse_special", options.parse_special);
  parse(app, args);
  auto tokenizer = Tokenizer::load(model);
  return answer_lines([&](const Json& row, const std::string& where) -> Json {
    if (!row.is_object() || !row.contains("text") || !row["text"].is_string())
      fail(where, "expected an object with a string 'text', got {}", row.dump());
    return {{"ids", tokenizer->encode(row["text"].get_ref<const std::string&>(), options)}};
  });
}

int decode(const std::vector<std::string>& args) {
  std::string model;
  bool skip_special = false;
  CLI::App app;
  app.add_option("model", model)->required();
  app.add_flag("--skip-special,--skip_special", skip_special);
  parse(app, args);
  auto tokenizer = Tokenizer::load(model);
  return answer_lines([&](const Json& row, const std::string& where) -> Json {
    auto is_id = [](const Json& id) { return id.is_number_integer(); };
    bool fits = row.is_object() && row.contains("ids") && row["ids"].is_array() &&
                std::all_of(row["ids"].begin(), row["ids"].end(), is_id);
    if (!fits) fail(where, "expected an object with a list of integers 'ids', got {}", row.dump());
    return {{"text", tokenizer->decode(row["ids"].get<std::vector<int32_t>>(), skip_special)}};
  });
}

}  // namespace

int run_tokenizer(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", kUsage);
    return args.empty() ? 2 : 0;
  }
  std::vector<std::string> rest(args.begin() + 1, args.end());
  for (const std::string& word : rest)
    if (word == "--help" || word == "-h") {
      fmt::print("{}", kUsage);
      return 0;
    }
  if (args[0] == "train") return train(rest);
  if (args[0] == "encode") return encode(rest);
  if (args[0] == "decode") return decode(rest);
  fail("tokenizer", "expected train, encode or decode, got '{}'; try llmbox tokenizer --help", args[0]);
}

}  // namespace llmbox
