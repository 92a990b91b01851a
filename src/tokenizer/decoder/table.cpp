// Every decoder that tokenizer.json may name.
#include <string>

#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

struct DecoderRow {
  const char* type;
  DecodeStageMaker (*make)(const Json& description);
};

constexpr DecoderRow kDecoders[] = {
    {"BPEDecoder", make_bpe_decoder},       {"ByteFallback", make_byte_fallback_decoder},
    {"ByteLevel", make_byte_level_decoder}, {"Fuse", make_fuse_decoder},
    {"Metaspace", make_metaspace_decoder},  {"Replace", make_replace_decoder},
    {"Strip", make_strip_decoder},          {"WordPiece", make_word_piece_decoder},
};

class JoinBySpaces : public DecodeStage {
 public:
  void text(std::string_view part) override {
    if (between_) next().text(" ");
    between_ = false;
    next().text(part);
  }
  void end_token() override { between_ = true; }
  void finish() override { next().finish(); }

 private:
  bool between_ = false;
};

}  // namespace

std::vector<DecodeStageMaker> make_decoder(const Json& description) {
  if (description.is_null()) return {[] { return std::make_unique<JoinBySpaces>(); }};
  std::string type = description.is_object() ? description.value("type", "") : "";
  std::vector<std::string> names = {"Sequence"};
  for (const DecoderRow& row : kDecoders) {
    if (row.type == type) return {row.make(description)};
    names.emplace_back(row.type);
  }
  if (type != "Sequence" || !description.contains("decoders") || !description["decoders"].is_array())
    fail("tokenizer", "expected a decoder, got '{}'; try {}", type, near_names(type, names));
  std::vector<DecodeStageMaker> stages;
  for (const Json& stage : description["decoders"])
    for (DecodeStageMaker& maker : make_decoder(stage)) stages.push_back(std::move(maker));
  return stages;
}

}  // namespace llmbox
