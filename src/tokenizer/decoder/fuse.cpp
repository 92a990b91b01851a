// Fuse: all tokens become one.
#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

class Fuse : public DecodeStage {
 public:
  void text(std::string_view part) override { next().text(part); }
  void end_token() override {}
  void finish() override {
    next().end_token();
    next().finish();
  }
};

}  // namespace

DecodeStageMaker make_fuse_decoder(const Json&) {
  return [] { return std::make_unique<Fuse>(); };
}

}  // namespace llmbox
