// Decoding as a chain of stages that tokens flow through, so that one token at a time and all at once give the same
// text. A stage gets the text of each token (in parts), the end of each token, and the end of everything; it passes
// text on as soon as nothing that may follow can change it. A stage belongs to one decoding run and one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace llmbox {

class DecodeStage {
 public:
  virtual ~DecodeStage() = default;
  virtual void text(std::string_view part) = 0;
  virtual void end_token() = 0;
  virtual void finish() = 0;
  void set_next(DecodeStage& next) { next_ = &next; }

 protected:
  DecodeStage& next() { return *next_; }

 private:
  DecodeStage* next_ = nullptr;
};

using DecodeStagePtr = std::unique_ptr<DecodeStage>;

/// A stage that needs tokens whole.
class WholeTokenStage : public DecodeStage {
 public:
  void text(std::string_view part) override { token_ += part; }
  void end_token() override {
    token(token_);
    token_.clear();
  }
  void finish() override {
    if (!token_.empty()) end_token();
    next().finish();
  }

 protected:
  virtual void token(const std::string& whole) = 0;
  void pass_token(std::string_view whole) {
    next().text(whole);
    next().end_token();
  }

 private:
  std::string token_;
};

}  // namespace llmbox
