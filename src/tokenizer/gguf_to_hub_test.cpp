#include "tokenizer/gguf_to_hub.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/test_shared.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {
namespace {

/// A GGUF file without tensors.
class GgufBytes {
 public:
  GgufBytes& text(const char* key, const std::string& value) {
    begin(key, 8);
    put_text(value);
    return *this;
  }
  GgufBytes& number(const char* key, uint32_t value) {
    begin(key, 4);
    put(value);
    return *this;
  }
  GgufBytes& flag(const char* key, bool value) {
    begin(key, 7);
    put(static_cast<uint8_t>(value));
    return *this;
  }
  GgufBytes& texts(const char* key, const std::vector<std::string>& values) {
    begin_list(key, 8, values.size());
    for (const std::string& value : values) put_text(value);
    return *this;
  }
  template <class T>
  GgufBytes& numbers(const char* key, uint32_t type, const std::vector<T>& values) {
    begin_list(key, type, values.size());
    for (const T value : values) put(value);
    return *this;
  }
  std::string file() const {
    std::string head = "GGUF";
    for (const uint64_t value : {uint64_t{3}, uint64_t{0}, uint64_t{n_key_}})
      head.append(reinterpret_cast<const char*>(&value), head.size() == 4 ? 4 : 8);
    return head + bytes_;
  }

 private:
  template <class T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put_text(const std::string& text) {
    put<uint64_t>(text.size());
    bytes_ += text;
  }
  void begin(const std::string& key, uint32_t type) {
    put_text("tokenizer." + key);
    put(type);
    ++n_key_;
  }
  void begin_list(const std::string& key, uint32_t type, size_t size) {
    begin(key, 9);
    put(type);
    put<uint64_t>(size);
  }

  std::string bytes_;
  uint64_t n_key_ = 0;
};

GgufBytes unigram_bytes() {
  GgufBytes bytes;
  bytes.text("ggml.model", "t5")
      .texts("ggml.tokens", {"<pad>", "</s>", "<unk>", "▁", "▁he", "llo", "▁wor", "ld", "h", "e", "l", "o", "▁hello"})
      .numbers<float>("ggml.scores", 6, {0, 0, 0, -2, -3, -3, -4, -4, -6, -6, -6, -6, -5})
      .numbers<int32_t>("ggml.token_type", 5, {3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
      .number("ggml.eos_token_id", 1)
      .number("ggml.unknown_token_id", 2)
      .number("ggml.padding_token_id", 0)
      .flag("ggml.add_eos_token", true)
      .flag("ggml.remove_extra_whitespaces", true);
  return bytes;
}

GgufBytes bert_bytes() {
  GgufBytes bytes;
  bytes.text("ggml.model", "bert")
      .texts("ggml.tokens", {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁play", "ing", "▁we", "▁!", "s"})
      .numbers<int32_t>("ggml.token_type", 5, {3, 3, 3, 3, 3, 1, 1, 1, 1, 1})
      .number("ggml.cls_token_id", 2)
      .number("ggml.seperator_token_id", 3)
      .number("ggml.padding_token_id", 0);
  return bytes;
}

/// The tokenizer of a file, and of the folder made from it.
struct Both {
  TempFolder folder;
  std::shared_ptr<const Tokenizer> file, hub;

  explicit Both(const std::filesystem::path& path) { load(path); }
  explicit Both(const GgufBytes& bytes) { load(folder.write("x.gguf", bytes.file())); }

  void load(const std::filesystem::path& path) {
    file = Tokenizer::load(path);
    EXPECT_TRUE(save_gguf_tokenizer(path, folder.path() / "hub"));
    hub = Tokenizer::load(folder.path() / "hub");
  }
  void expect_same(const std::string& text) const {
    for (const bool special : {false, true}) {
      const EncodeOptions options{.add_special = special, .parse_special = special};
      const auto ids = hub->encode(text, options);
      EXPECT_EQ(ids, file->encode(text, options)) << text;
      EXPECT_EQ(hub->decode(ids, true), file->decode(ids, true)) << text;
    }
  }
};

class GgufToHub : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Files, GgufToHub,
                         ::testing::Values(std::pair("falcon", "ggml-vocab-falcon.gguf"),
                                           std::pair("gpt2", "ggml-vocab-gpt-2.gguf"),
                                           std::pair("llama2", "ggml-vocab-llama-spm.gguf"),
                                           std::pair("phi3", "ggml-vocab-phi-3.gguf")),
                         [](const auto& instance) { return instance.param.first; });

TEST_P(GgufToHub, TheFolderGivesTheSameIds) {
  REQUIRE_SHARED();
  const auto source = shared_path(std::string("fixtures/tokenizers/") + GetParam().first);
  const TempFolder alone;  // without the files beside it
  std::filesystem::copy_file(source / GetParam().second, alone.path() / "x.gguf");
  const Both both(alone.path() / "x.gguf");
  std::ifstream in(source / "vectors.jsonl");
  int count = 0;
  for (std::string line; std::getline(in, line); ++count)
    both.expect_same(parse_json(line, "vectors")["text"].get<std::string>());
  EXPECT_GE(count, 25);
}

TEST(GgufUnigram, IsReadAndComesOutAsAFolder) {
  const Both both(unigram_bytes());
  EXPECT_EQ(both.file->encode("hello  world", {.add_special = true}), (std::vector<int32_t>{12, 6, 7, 1}));
  for (const char* text : {"hello world", " hello   hell", "held x", ""}) both.expect_same(text);
  const Json config = read_json_file(both.folder.path() / "hub/tokenizer_config.json");
  EXPECT_EQ(config["eos_token"], "</s>");
  EXPECT_EQ(config["pad_token"], "<pad>");
}

TEST(GgufBert, IsReadAndComesOutAsAFolder) {
  const Both both(bert_bytes());
  EXPECT_EQ(both.file->encode("We PLAYing plays!", {.add_special = true}),
            (std::vector<int32_t>{2, 7, 5, 6, 5, 9, 8, 3}));
  for (const char* text : {"we play", "playx we", "!s"}) both.expect_same(text);
}

TEST(GgufToHub, KeepsTheChatTemplateAndSaysWhatIsBroken) {
  const TempFolder folder;
  folder.write("x.gguf", unigram_bytes().text("chat_template", "{{ x }}").file());
  save_gguf_tokenizer(folder.path() / "x.gguf", folder.path() / "hub");
  EXPECT_EQ(read_json_file(folder.path() / "hub/tokenizer_config.json")["chat_template"], "{{ x }}");
  const auto fault = [&](const GgufBytes& bytes) {
    folder.write("y.gguf", bytes.file());
    return message_of([&] { save_gguf_tokenizer(folder.path() / "y.gguf", folder.path() / "none"); });
  };
  EXPECT_NE(fault(GgufBytes().text("ggml.model", "t5")).find("y.gguf] expected tokenizer.ggml.tokens"),
            std::string::npos);
  EXPECT_NE(fault(GgufBytes().text("ggml.model", "rwkv").texts("ggml.tokens", {"a"})).find("got 'rwkv'"),
            std::string::npos);
  folder.write("z.gguf", GgufBytes().text("ggml.model", "none").file());
  EXPECT_FALSE(save_gguf_tokenizer(folder.path() / "z.gguf", folder.path() / "none"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "none"));
}

}  // namespace
}  // namespace llmbox
