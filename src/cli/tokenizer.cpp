// llmbox tokenizer train | merge | encode | decode: a tokenizer from text files, a vocabulary extended, and ids from
// texts and back, a line each.
#include "tokenizer/tokenizer.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "model/decoder.h"
#include "model/save.h"
#include "model/vocabulary.h"
#include "records/reader.h"
#include "tokenizer/extend_vocabulary.h"
#include "tokenizer/train_bpe.h"
#include "tokenizer/train_sentence_piece.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

constexpr const char* kTokenizerUsage =
    "usage: llmbox tokenizer train --input FILE... --vocab_size N --output DIR [--special TOKEN...]\n"
    "                              [--bos TOKEN] [--eos TOKEN] [--pad TOKEN] [--chat_template FILE]\n"
    "                              [--pattern gpt2|llama3|qwen2|cl100k|REGEX] [--min_frequency N]\n"
    "                              [--model_max_length N]   rows of .jsonl, .json, .parquet …: every string in them\n"
    "       llmbox tokenizer train --type sentencepiece|unigram --input FILE... --vocab_size N --output DIR\n"
    "                              [--user_symbol PIECE...] [--character_coverage SHARE] [--byte_fallback]\n"
    "       llmbox tokenizer merge MODEL --input FILE... --vocab_size N --output DIR [--user_symbol PIECE...]\n"
    "                              [--user_defined_symbols FILE] [--character_coverage SHARE]\n"
    "                              [--new_rows pieces|mean|noisy_mean] [--seed N]\n"
    "                              trains N pieces on the text and appends the new ones to MODEL's tokenizer.model;\n"
    "                              where MODEL has weights, its embeddings grow: a new row is the mean of the rows of\n"
    "                              its old pieces, or of all rows\n"
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

// Words: WordCounter or PieceWordCounter.
template <typename Words>
void count_strings(const Json& value, Words& words) {
  if (value.is_string()) words.add(value.get_ref<const std::string&>());
  if (value.is_structured())
    for (const Json& child : value) count_strings(child, words);
}

template <typename Words>
void count_file(const std::string& path, Words& words) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (extension != ".jsonl" && extension != ".json" && extension != ".parquet" && extension != ".csv")
    return words.add(read_text_file(path));
  std::unique_ptr<RowReader> rows = open_rows(path);
  while (std::optional<Row> row = rows->next()) count_strings(*row, words);
}

template <typename Words>
void count_files(const std::vector<std::string>& inputs, Words& words) {
  for (const std::string& input : inputs) count_file(input, words);
  if (words.counts().empty()) fail("tokenizer", "expected text in --input, got none; try other files");
}

// What training and merging of SentencePiece vocabularies ask for.
struct PieceArguments {
  SentencePieceTrainingOptions options;
  std::vector<std::string> inputs;
  std::string output, symbols_file;

  void add_to(CLI::App& app) {
    app.add_option("--input", inputs)->required();
    app.add_option("--output,--output_dir", output)->required();
    app.add_option("--vocab_size,--vocab-size", options.vocab_size)->required();
    app.add_option("--user_symbol,--user-symbol", options.user_symbols);
    app.add_option("--user_defined_symbols,--user_defined_symbols_dir", symbols_file);
    app.add_option("--character_coverage,--character-coverage", options.character_coverage)
        ->check(CLI::Range(0.0, 1.0));
    app.add_flag("--byte_fallback,--byte-fallback", options.byte_fallback);
  }

  SentencePieceModel trained() {
    if (!symbols_file.empty()) {
      Json list = read_json_file(symbols_file);
      if (!list.is_object() || !list.contains("list") || !list["list"].is_array())
        fail(symbols_file, "expected {{\"list\": [...]}}, got {}", list.dump().substr(0, 60));
      for (const Json& symbol : list["list"]) options.user_symbols.push_back(symbol.get<std::string>());
    }
    PieceWordCounter words(options.user_symbols);
    count_files(inputs, words);
    return train_sentence_piece(words, options);
  }
};

void write_piece_files(const fs::path& folder, std::string_view proto, const Json& config) {
  fs::create_directories(folder);
  write_file_atomically(folder / "tokenizer.model", proto);
  write_file_atomically(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

Json piece_config(const char* tokenizer_class) {
  return {{"tokenizer_class", tokenizer_class},
          {"bos_token", "<s>"},
          {"eos_token", "</s>"},
          {"unk_token", "<unk>"},
          {"add_bos_token", true},
          {"add_eos_token", false},
          {"legacy", true},
          {"clean_up_tokenization_spaces", false}};
}

int train_pieces(const std::vector<std::string>& args) {
  PieceArguments wanted;
  std::string type;
  CLI::App app;
  app.add_option("--type", type);
  wanted.add_to(app);
  parse(app, args);
  const bool unigram = type == "unigram";
  if (unigram) wanted.options.algorithm = SentencePieceModel::Algorithm::kUnigram;
  SentencePieceModel model = wanted.trained();
  write_piece_files(wanted.output, sentence_piece_proto(model),
                    piece_config(unigram ? "PreTrainedTokenizerFast" : "LlamaTokenizer"));
  if (unigram)  // transformers reads tokenizer.model as BPE
    write_file_atomically(fs::path(wanted.output) / "tokenizer.json", unigram_tokenizer_json(model).dump() + "\n");
  log_info("tokenizer: {} pieces, written to {}", model.pieces.size(), wanted.output);
  return 0;
}

// Writes the model of `folder` with rows for the pieces that its tokenizer has gained.
void grow_model(const fs::path& folder, const ExtendedModel& extended, VocabularyGrowth growth,
                const fs::path& output) {
  growth.first = extended.first;
  growth.spelled = extended.spelled;
  if (Tokenizer::load(folder)->vocab_size() > extended.first)
    fail(folder.string(),
         "expected no tokens beyond the {} pieces of tokenizer.model, got {}; their ids would be the {}",
         extended.first, "some", "new pieces'");
  const ModelFiles files = grow_vocabulary(open_model_files(folder), growth);
  save_model_files(output, dense_files(files, files.weights.begin()->second.dtype), kMaxShardBytes);
  log_info("model: rows for {} new pieces, written to {}", extended.added.size(), output.string());
}

int merge(const std::vector<std::string>& args) {
  PieceArguments wanted;
  std::string model, new_rows = "pieces";
  uint64_t seed = 42;
  CLI::App app;
  app.add_option("model", model)->required();
  app.add_option("--new_rows,--new-rows", new_rows)->check(CLI::IsMember({"pieces", "mean", "noisy_mean"}));
  app.add_option("--seed", seed);
  wanted.add_to(app);
  parse(app, args);
  fs::path path = model;
  if (fs::is_directory(path)) path /= "tokenizer.model";
  if (!fs::exists(path))
    fail(path.string(), "expected a SentencePiece tokenizer.model, got none; try a model folder that holds one");
  ExtendedModel extended = extend_sentence_piece(path, wanted.trained());
  fs::path config = path.parent_path() / "tokenizer_config.json";
  if (fs::exists(path.parent_path() / "config.json") && !extended.added.empty())
    grow_model(path.parent_path(), extended, {.rows = new_rows_named(new_rows), .seed = seed}, wanted.output);
  write_piece_files(wanted.output, extended.proto,
                    fs::exists(config) ? read_json_file(config) : piece_config("LlamaTokenizer"));
  const fs::path json = path.parent_path() / "tokenizer.json";
  if (fs::exists(json))
    write_file_atomically(fs::path(wanted.output) / "tokenizer.json",
                          extend_tokenizer_json(read_json_file(json), extended, json.string()).dump() + "\n");
  log_info("tokenizer: {} new pieces, {} in all, written to {}", extended.added.size(),
           Tokenizer::load(wanted.output)->vocab_size(), wanted.output);
  return 0;
}

int train(const std::vector<std::string>& args) {
  auto type = std::find(args.begin(), args.end(), "--type");
  if (type != args.end() && type + 1 != args.end()) {
    if (*(type + 1) == "sentencepiece" || *(type + 1) == "unigram") return train_pieces(args);
    if (*(type + 1) != "bpe")
      fail("tokenizer train", "expected --type bpe, sentencepiece or unigram, got '{}'; try unigram", *(type + 1));
  }
  std::string type_name;
  BpeTrainingOptions options;
  std::vector<std::string> inputs;
  std::string output, template_file;
  CLI::App app;
  app.add_option("--type", type_name);
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
  count_files(inputs, words);
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
    fmt::print("{}", kTokenizerUsage);
    return args.empty() ? 2 : 0;
  }
  std::vector<std::string> rest(args.begin() + 1, args.end());
  for (const std::string& word : rest)
    if (word == "--help" || word == "-h") {
      fmt::print("{}", kTokenizerUsage);
      return 0;
    }
  if (args[0] == "train") return train(rest);
  if (args[0] == "merge") return merge(rest);
  if (args[0] == "encode") return encode(rest);
  if (args[0] == "decode") return decode(rest);
  fail("tokenizer", "expected train, merge, encode or decode, got '{}'; try llmbox tokenizer --help", args[0]);
}

}  // namespace llmbox
