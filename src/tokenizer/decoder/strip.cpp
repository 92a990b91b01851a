// Strip: up to `start` copies of a character off the front of each token, up to `stop` off its end.
#include "core/error.h"
#include "tokenizer/decoder/decoder.h"
#include "tokenizer/json_integer.h"

namespace llmbox {

namespace {

class StripDecoder : public DecodeStage {
 public:
  StripDecoder(std::string content, size_t start, size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void text(std::string_view part) override {
    while (front_ < start_ && part.starts_with(content_)) {
      part.remove_prefix(content_.size());
      ++front_;
    }
    if (part.empty()) return;
    front_ = start_;
    while (held_ > 0 && !part.starts_with(content_)) release();
    size_t end = part.size();
    size_t run = 0;
    while (run < stop_ && part.substr(0, end).ends_with(content_)) {
      end -= content_.size();
      ++run;
    }
    if (end > 0) {
      while (held_ > 0) release();
      next().text(part.substr(0, end));
    }
    held_ += run;
    while (held_ > stop_) release();
  }

  void end_token() override {
    front_ = held_ = 0;
    next().end_token();
  }
  void finish() override { next().finish(); }

 private:
  void release() {
    next().text(content_);
    --held_;
  }

  std::string content_;
  size_t start_, stop_;
  size_t front_ = 0;  // taken off the front of this token, start_ once something else has come
  size_t held_ = 0;   // kept back until it is known whether the token ends here
};

}  // namespace

DecodeStageMaker make_strip_decoder(const Json& description) {
  std::string content = description.value("content", " ");
  if (content.empty()) fail("tokenizer", "expected a character in the Strip decoder, got an empty string");
  auto start = json_count(description, "start", 0);
  auto stop = json_count(description, "stop", 0);
  return [=] { return std::make_unique<StripDecoder>(content, start, stop); };
}

}  // namespace llmbox
