#include "tokenizer/pipeline.h"

#include <algorithm>

#include "core/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

// The end of the chain of decoding stages.
class Collector : public DecodeStage {
 public:
  void text(std::string_view part) override { collected_ += part; }
  void end_token() override {}
  void finish() override {}
  std::string take() { return std::exchange(collected_, {}); }

 private:
  std::string collected_;
};

class PipelineStream : public TextStream {
 public:
  PipelineStream(const Pipeline& pipeline, bool skip_special) : pipeline_(pipeline), skip_special_(skip_special) {
    for (const DecodeStageMaker& make : pipeline.parts().decoder) stages_.push_back(make());
    if (pipeline.parts().clean_up_spaces) stages_.push_back(make_clean_up_stage());
    for (size_t i = 0; i < stages_.size(); ++i)
      stages_[i]->set_next(i + 1 < stages_.size() ? *stages_[i + 1] : static_cast<DecodeStage&>(collector_));
  }

  std::string push(int32_t id) override {
    add(id);
    return collector_.take();
  }

  std::string finish() override {
    first().finish();
    return collector_.take();
  }

  void add(int32_t id) {
    std::string_view token = pipeline_.token_text(id);
    if (token.empty() || (skip_special_ && pipeline_.is_special(id))) return;
    first().text(token);
    first().end_token();
  }

 private:
  DecodeStage& first() { return stages_.empty() ? static_cast<DecodeStage&>(collector_) : *stages_[0]; }

  const Pipeline& pipeline_;
  bool skip_special_;
  std::vector<DecodeStagePtr> stages_;
  Collector collector_;
};

}  // namespace

// Buffers that one thread reuses from text to text.
struct Pipeline::Scratch {
  PreTokens words;
  std::string normalized;
  std::vector<AddedPart> raw, inner;
  static Scratch& of_thread() {
    thread_local Scratch scratch;
    return scratch;
  }
};

Pipeline::Pipeline(PipelineParts parts) : parts_(std::move(parts)), vocab_size_(parts_.model->vocabulary().id_end()) {
  for (const AddedToken& token : parts_.added) {
    added_by_id_[token.id] = &token;
    vocab_size_ = std::max(vocab_size_, token.id + 1);
    if (!token.normalized) {
      in_raw_.add(token.content, token);
      continue;
    }
    std::string spelling = token.content;
    if (parts_.normalizer) parts_.normalizer->apply(spelling);
    in_normalized_.add(spelling, token);
  }
}

std::vector<int32_t> Pipeline::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > 0x7FFFFFFF)
    fail("tokenizer", "expected a text below 2 GiB, got {} bytes; try cutting it", text.size());
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = utf8_lossy(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4 + 8);
  if (options.add_special) ids = parts_.surround.before;
  if (!in_raw_.may_match(text)) {
    encode_between(text, true, options.parse_special, ids);
  } else {
    std::vector<AddedPart>& found = Scratch::of_thread().raw;
    found.clear();
    in_raw_.split(text, options.parse_special, found);
    for (const AddedPart& part : found) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encode_between(part.span.in(text), part.span.begin == 0, options.parse_special, ids);
      }
    }
  }
  if (options.add_special) ids.insert(ids.end(), parts_.surround.after.begin(), parts_.surround.after.end());
  return ids;
}

// A text that holds no raw added token.
void Pipeline::encode_between(std::string_view text, bool at_start, bool parse_special,
                              std::vector<int32_t>& ids) const {
  Scratch& scratch = Scratch::of_thread();
  if (parts_.normalizer && parts_.normalizer->may_change(text)) {
    scratch.normalized = text;
    parts_.normalizer->apply(scratch.normalized);
    text = scratch.normalized;
  }
  if (!in_normalized_.may_match(text)) return encode_normalized(text, at_start, ids);
  scratch.inner.clear();
  in_normalized_.split(text, parse_special, scratch.inner);
  for (const AddedPart& part : scratch.inner) {
    if (part.id >= 0) {
      ids.push_back(part.id);
    } else {
      encode_normalized(part.span.in(text), at_start && part.span.begin == 0, ids);
    }
  }
}

void Pipeline::encode_normalized(std::string_view text, bool at_start, std::vector<int32_t>& ids) const {
  PreTokens& words = Scratch::of_thread().words;
  words.reset(text, at_start);
  if (parts_.pre_tokenizer) parts_.pre_tokenizer->apply(words);
  if (words.spelled) {
    words.rewrite_each([](std::string_view word, size_t, std::string& out) {
      out += from_byte_alphabet(word).value_or(std::string(word));
    });
  }
  parts_.model->encode(words.text, words.spans, ids);
}

std::string Pipeline::decode(std::span<const int32_t> ids, bool skip_special) const {
  PipelineStream stream(*this, skip_special);
  for (int32_t id : ids) stream.add(id);
  return stream.finish();
}

std::unique_ptr<TextStream> Pipeline::stream(bool skip_special) const {
  return std::make_unique<PipelineStream>(*this, skip_special);
}

std::optional<int32_t> Pipeline::token_to_id(std::string_view token) const {
  for (const AddedToken& added : parts_.added)
    if (added.content == token) return added.id;
  return parts_.model->vocabulary().find(token);
}

std::string_view Pipeline::token_text(int32_t id) const {
  if (auto added = added_by_id_.find(id); added != added_by_id_.end()) return added->second->content;
  return parts_.model->vocabulary().text(id);
}

bool Pipeline::is_special(int32_t id) const {
  auto added = added_by_id_.find(id);
  return added != added_by_id_.end() && added->second->special;
}

}  // namespace llmbox
