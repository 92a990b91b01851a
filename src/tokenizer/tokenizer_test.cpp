// Pipelines of small tokenizer.json files: each stage's behaviour, added tokens, decoding, streaming and faulty files.
#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/rng.h"
#include "core/test_shared.h"
#include "tokenizer/decoder/decoder.h"

namespace llmbox {
namespace {

// Letters, ▁, the bytes <0x00> … <0xFF> and a merge; the rest of the file is the test's.
std::string file_with(const std::string& parts, const std::string& vocab = R"("a":1,"b":2,"ab":3,"▁":4,"c":5)") {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += fmt::format(",\"<0x{:02X}>\":{}", byte, 100 + byte);
  return R"({"added_tokens":[{"id":50,"content":"<s>","normalized":false,"special":true},
             {"id":51,"content":"[x]","normalized":false,"special":false,"lstrip":true,"rstrip":true},
             {"id":52,"content":"w","normalized":false,"special":false,"single_word":true}],)" +
         parts +
         R"("model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":{"<unk>":0,)" +
         vocab + bytes + R"(},"merges":["a b"]}})";
}

constexpr const char* kSentencePiece =
    R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
       {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
       "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
       {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},)";

using Ids = std::vector<int32_t>;

TEST(Bpe, FallsBackToBytesAndMergesByRank) {
  TempFolder folder;
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", file_with(kSentencePiece)));
  EXPECT_EQ(tokenizer->encode("ab c"), (Ids{4, 3, 4, 5}));
  EXPECT_EQ(tokenizer->encode("é"), (Ids{4, 100 + 0xC3, 100 + 0xA9}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("ab é c")), "ab é c");
  EXPECT_EQ(tokenizer->encode(""), Ids{});
}

TEST(AddedTokens, FollowTheirFlags) {
  TempFolder folder;
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", file_with("")));
  EXPECT_EQ(tokenizer->encode("a<s>b", {.parse_special = true}), (Ids{1, 50, 2}));
  EXPECT_EQ(tokenizer->encode("<s>"), (Ids{100 + '<', 100 + 's', 100 + '>'})) << "special spellings are text";
  EXPECT_EQ(tokenizer->encode("a  [x]\n b"), (Ids{1, 51, 2})) << "spaces go with the token";
  EXPECT_EQ(tokenizer->encode("a"), (Ids{1}));
  EXPECT_EQ(tokenizer->encode("aw"), (Ids{1, 100 + 'w'})) << "single_word";
  EXPECT_EQ(tokenizer->encode("w"), (Ids{52}));
}

TEST(Decode, TurnsBrokenBytesIntoReplacementCharacters) {
  TempFolder folder;
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", file_with(kSentencePiece)));
  EXPECT_EQ(tokenizer->decode(Ids{1, 100 + 0xC3, 2}), "a\uFFFDb");
  EXPECT_EQ(tokenizer->decode(Ids{100 + 0xC3, 100 + 0xA9, 100 + 0xFF}), "\uFFFD\uFFFD\uFFFD")
      << "a run is whole or not";
  EXPECT_EQ(tokenizer->decode(Ids{50, 1, 99999, -3}, true), "a") << "special and unknown ids";
}

TEST(Stream, NeverEmitsHalfACharacterAndEqualsTheWhole) {
  REQUIRE_SHARED();
  Rng rng(7);
  for (const char* folder : {"fixtures/tokenizers/gpt2", "fixtures/tokenizers/llama2", "fixtures/tokenizers/chatglm",
                             "fixtures/tokenizers/qwen2", "fixtures/tokenizers/clip"}) {
    auto tokenizer = Tokenizer::load(shared_path(folder));
    for (int round = 0; round < 200; ++round) {
      Ids ids(1 + rng.below(20));
      // Low ids are the single bytes of these vocabularies: many broken characters.
      for (int32_t& id : ids)
        id = static_cast<int32_t>(rng.below(round % 2 ? 300 : static_cast<uint64_t>(tokenizer->vocab_size())));
      StreamDecoder decoder(*tokenizer, false);
      std::string text;
      for (int32_t id : ids) {
        std::string part = decoder.push(id);
        EXPECT_NO_THROW(Json(part).dump()) << "a part that is not UTF-8";
        text += part;
      }
      EXPECT_EQ(text + decoder.finish(), tokenizer->decode(ids));
    }
  }
}

TEST(Stream, EmitsTextBeforeTheEnd) {
  REQUIRE_SHARED();
  auto tokenizer = Tokenizer::load(shared_path("fixtures/tokenizers/gpt2"));
  StreamDecoder decoder(*tokenizer);
  Ids ids = tokenizer->encode("Hello world");
  EXPECT_EQ(decoder.push(ids[0]), "Hello");
  EXPECT_EQ(decoder.push(ids[1]), " world");
}

TEST(RoundTrip, ByteLevelKeepsAnyText) {
  REQUIRE_SHARED();
  auto tokenizer = Tokenizer::load(shared_path("fixtures/tokenizers/llama3"));
  for (std::string text : {"", " ", "a\r\n\t b", "é́ ﬀ 漢字 🙂👩‍👩‍👧", "\u0000x", "'S 'ſ 12345678"})
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a\xFF\xE2\x82z")), "a\uFFFD\uFFFDz") << "not UTF-8: as the reference";
}

TEST(Speed, IsNearlyLinearWithoutASingleCut) {
  REQUIRE_SHARED();
  for (const char* folder : {"fixtures/tokenizers/llama3", "fixtures/tokenizers/llama2"}) {
    auto tokenizer = Tokenizer::load(shared_path(folder));
    for (char letter : {'a', ' ', '.'}) {
      auto start = std::chrono::steady_clock::now();
      std::string text(1 << 20, letter);
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << folder << " '" << letter << "'";
    }
  }
}

TEST(CleanUp, StreamsAsItCleansWhole) {
  for (std::string text : {"Do n't you , see ?", " ' a ' b .", "a   .  ,  !", "they 've ' 're", "é .", ""}) {
    std::string streamed;
    struct Collect : DecodeStage {
      std::string* out;
      void text(std::string_view part) override { *out += part; }
      void end_token() override {}
      void finish() override {}
    } collect;
    collect.out = &streamed;
    DecodeStagePtr stage = make_clean_up_stage();
    stage->set_next(collect);
    for (char c : text) stage->text(std::string_view(&c, 1));
    stage->finish();
    EXPECT_EQ(streamed, clean_up_spaces(text));
  }
}

struct Stage {
  const char* pre_tokenizer;
  const char* text;
  Ids ids;
};

TEST(PreTokenizers, CutAsTheyAreTold) {
  TempFolder folder;
  // Each word is one id where it is "ab", so the cuts show.
  for (const Stage& stage : {
           Stage{R"({"type":"WhitespaceSplit"})", "ab a b", {3, 1, 2}},
           Stage{R"({"type":"Split","pattern":{"String":"b"},"behavior":"Isolated"})", "abc", {1, 2, 5}},
           Stage{R"({"type":"Split","pattern":{"String":"b"},"behavior":"Removed"})", "abc", {1, 5}},
           Stage{R"({"type":"Split","pattern":{"Regex":"b"},"behavior":"MergedWithPrevious"})", "abab", {3, 3}},
           Stage{R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"MergedWithNext"})", "abab", {3, 3}},
           Stage{R"({"type":"Split","pattern":{"Regex":"[ab]"},"behavior":"Contiguous"})", "abcab", {3, 5, 3}},
           Stage{R"({"type":"Split","pattern":{"Regex":"ab"},"behavior":"Removed","invert":true})", "cabc", {3}},
           Stage{R"({"type":"CharDelimiterSplit","delimiter":"c"})", "acb", {1, 2}},
           Stage{R"({"type":"UnicodeScripts"})", "ab\u4f60b", {3, 100 + 0xE4, 100 + 0xBD, 100 + 0xA0, 2}},
           Stage{R"({"type":"Metaspace"})", "ab c", {4, 3, 4, 5}},
           Stage{R"({"type":"Metaspace","prepend_scheme":"never"})", "ab c", {3, 4, 5}},
           Stage{R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits"}]})",
                 "ab ab",
                 {3, 3}},
       }) {
    auto path = folder.write("tokenizer.json", file_with(fmt::format("\"pre_tokenizer\":{},", stage.pre_tokenizer)));
    EXPECT_EQ(Tokenizer::load(path)->encode(stage.text), stage.ids) << stage.pre_tokenizer;
  }
}

struct Normal {
  const char* normalizer;
  const char* text;
  const char* normalized;
};

TEST(Normalizers, RewriteAsTheyAreTold) {
  TempFolder folder;
  for (const Normal& row : {
           Normal{R"({"type":"NFC"})", "e\u0301", "\u00e9"},
           Normal{R"({"type":"NFD"})", "\u00e9", "e\u0301"},
           Normal{R"({"type":"NFKC"})", "\ufb01", "fi"},
           Normal{R"({"type":"NFKD"})", "\u2460", "1"},
           Normal{R"({"type":"Lowercase"})", "AÉİ", "aéi\u0307"},
           Normal{R"({"type":"StripAccents"})", "e\u0301", "e"},
           Normal{R"({"type":"Strip","strip_left":true,"strip_right":false})", " \u3000x ", "x "},
           Normal{R"({"type":"Replace","pattern":{"Regex":"\\s+"},"content":"-"})", "x \n y", "x-y"},
           Normal{R"({"type":"BertNormalizer"})", "É\u0001\t漢", "e  漢 "},
       }) {
    std::string parts = fmt::format(R"("normalizer":{},"decoder":{{"type":"ByteFallback"}},)", row.normalizer);
    auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", file_with(parts, "\"a\":1,\"b\":2,\"ab\":3")));
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(row.text)), row.normalized) << row.normalizer;
  }
}

TEST(PostProcessor, AddsItsTokensOnlyWhenAsked) {
  TempFolder folder;
  std::string parts = R"("post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},
    {"type":"RobertaProcessing","sep":["c",5],"cls":["<s>",50]}]},)";
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", file_with(parts)));
  EXPECT_EQ(tokenizer->encode("ab"), (Ids{3}));
  EXPECT_EQ(tokenizer->encode("ab", {.add_special = true}), (Ids{50, 3, 5}));
}

struct Fault {
  std::string file;
  const char* message;
};

TEST(BadFile, IsOneClearLine) {
  TempFolder folder;
  EXPECT_NE(message_of([&] { Tokenizer::load(folder.path()); }).find("expected a tokenizer in the folder"),
            std::string::npos);
  EXPECT_NE(message_of([&] { Tokenizer::load(folder.path() / "none"); }).find("no such file or folder"),
            std::string::npos);
  std::string whole = file_with("");
  for (const Fault& fault : {
           Fault{whole.substr(0, whole.size() / 2), "expected the JSON of a tokenizer"},
           Fault{"", "got"},
           Fault{"[]", "expected the JSON of a tokenizer"},
           Fault{R"({"version":"1.0"})", "expected a 'model'"},
           Fault{R"({"model":{"type":"Bpe","vocab":{"a":0}}})", "expected a model type, got 'Bpe'; try 'BPE'"},
           Fault{R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})", "expected token 'b' of merge 0"},
           Fault{file_with(R"("normalizer":{"type":"NFX"},)"), "expected a normalizer, got 'NFX'; try 'NFC'"},
           Fault{file_with(R"("pre_tokenizer":{"type":"Splt"},)"), "expected a pre_tokenizer, got 'Splt'; try 'Split'"},
           Fault{file_with(R"("decoder":{"type":"Fus"},)"), "expected a decoder, got 'Fus'; try 'Fuse'"},
           Fault{file_with(R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"},)"),
                 "expected a pattern, got '('"},
       }) {
    auto path = folder.write("tokenizer.json", fault.file);
    std::string message = message_of([&] { Tokenizer::load(path); });
    EXPECT_NE(message.find(fault.message), std::string::npos) << message;
    EXPECT_NE(message.find("tokenizer.json"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace llmbox
