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

// A part of the text on its way, and the original bytes of its bytes (null where offsets are not wanted).
struct Pipeline::Piece {
  std::string_view text;
  const Span* origins;
  bool at_start;  // of the whole input

  Piece part(Span span) const {
    return {span.in(text), origins ? origins + span.begin : nullptr, at_start && span.begin == 0};
  }
  // A span of this text in bytes of the original.
  Span original(Span span) const {
    if (!origins) return span;
    if (span.size() == 0) return {0, 0};
    return {origins[span.begin].begin, origins[span.end - 1].end};
  }
};

// Buffers that one thread reuses from text to text.
struct Pipeline::Scratch {
  PreTokens words;
  EditedText normalized;
  std::vector<AddedPart> raw, inner;
  static Scratch& of_thread() {
    thread_local Scratch scratch;
    return scratch;
  }
};

namespace {

void repair_utf8(EditedText& text) {
  text.rewrite([](TextEdit& edit) {
    while (!edit.done()) {
      Utf8Front front = utf8_front(edit.rest());
      if (front.complete) {
        edit.keep(front.length);
      } else {
        edit.replace(front.length, kReplacementCharacter);
      }
    }
  });
}

// Spelled bytes to bytes, where the whole word is spelled.
void unspell(TextEdit& edit) {
  if (!from_byte_alphabet(edit.rest())) return edit.keep_rest();
  while (!edit.done()) {
    size_t length = utf8_length(static_cast<unsigned char>(edit.rest()[0]));
    edit.replace(length, *from_byte_alphabet(edit.rest().substr(0, length)));
  }
}

void append(const std::vector<int32_t>& added, uint32_t at, TokenSink& out) {
  for (int32_t id : added) out.add(id, at, at);
}

}  // namespace

Pipeline::Pipeline(PipelineParts parts) : parts_(std::move(parts)), vocab_size_(parts_.model->vocabulary().id_end()) {
  for (const AddedToken& token : parts_.added) {
    added_by_id_[token.id] = &token;
    vocab_size_ = std::max(vocab_size_, token.id + 1);
    if (!token.normalized) {
      in_raw_.add(token.content, token);
    } else {
      in_normalized_.add(token.spelled ? token.content : normalized(token.content), token);
    }
  }
}

std::string Pipeline::normalized(std::string_view text) const {
  EditedText edited;
  edited.reset(text, nullptr);
  if (parts_.normalizer) parts_.normalizer->apply(edited);
  return edited.text();
}

namespace {

// The id of a special token, which is one from now on.
int32_t special_token(PipelineParts& parts, const std::string& content, int32_t next) {
  auto same = std::find_if(parts.added.begin(), parts.added.end(),
                           [&](const AddedToken& token) { return token.content == content; });
  if (same != parts.added.end()) {
    same->special = true;
    return same->id;
  }
  std::optional<int32_t> known = parts.model->vocabulary().find(content);
  if (!known) parts.fresh.push_back({next, content});
  parts.added.push_back({.id = known.value_or(next), .content = content, .normalized = false, .special = true});
  return parts.added.back().id;
}

}  // namespace

std::shared_ptr<const Tokenizer> Pipeline::with_roles(const TokenRoles& roles) const {
  PipelineParts parts = parts_;
  int32_t next = vocab_size_;
  auto add = [&](const std::string& content) {
    int32_t id = special_token(parts, content, next);
    next = std::max(next, id + 1);
    return id;
  };
  if (!roles.eos.empty()) parts.special.eos = add(roles.eos);
  if (!parts.special.pad) parts.special.pad = parts.special.eos;
  for (const std::string& content : roles.special) add(content);
  return std::make_shared<Pipeline>(std::move(parts));
}

std::vector<int32_t> Pipeline::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4 + 8);
  TokenSink out{ids};
  if (options.add_special) append(parts_.surround.before, 0, out);
  encode_text(text, options.parse_special, out);
  if (options.add_special) append(parts_.surround.after, 0, out);
  return ids;
}

OffsetEncoding Pipeline::encode_with_offsets(std::string_view text, const EncodeOptions& options) const {
  OffsetEncoding encoding;
  TokenSink out{encoding.ids, &encoding.spans};
  if (options.add_special) append(parts_.surround.before, 0, out);
  encode_text(text, options.parse_special, out);
  if (options.add_special) append(parts_.surround.after, static_cast<uint32_t>(text.size()), out);
  return encoding;
}

std::vector<int32_t> Pipeline::encode_pair(std::string_view first, std::string_view second,
                                           const EncodeOptions& options) const {
  std::vector<int32_t> ids;
  TokenSink out{ids};
  if (options.add_special) append(parts_.surround.before_pair, 0, out);
  encode_text(first, options.parse_special, out);
  if (options.add_special) append(parts_.surround.between, 0, out);
  encode_text(second, options.parse_special, out);
  if (options.add_special) append(parts_.surround.after_pair, 0, out);
  return ids;
}

void Pipeline::encode_text(std::string_view text, bool parse_special, TokenSink& out) const {
  if (text.size() > 0x7FFFFFFF)
    fail("tokenizer", "expected a text below 2 GiB, got {} bytes; try cutting it", text.size());
  Origins identity;
  if (out.spans)
    for (uint32_t i = 0; i < text.size(); ++i) identity.push_back({i, i + 1});
  Piece whole{text, out.spans ? identity.data() : nullptr, true};
  if (is_valid_utf8(text)) return encode_raw(whole, parse_special, out);
  EditedText repaired;
  repaired.reset(text, whole.origins);
  repair_utf8(repaired);
  encode_raw({repaired.text(), out.spans ? repaired.origins().data() : nullptr, true}, parse_special, out);
}

void Pipeline::encode_raw(const Piece& piece, bool parse_special, TokenSink& out) const {
  if (!in_raw_.may_match(piece.text)) return encode_between(piece, parse_special, out);
  std::vector<AddedPart>& found = Scratch::of_thread().raw;
  found.clear();
  in_raw_.split(piece.text, parse_special, found);
  for (const AddedPart& part : found) {
    if (part.id < 0) {
      encode_between(piece.part(part.span), parse_special, out);
    } else {
      Span span = piece.original(part.span);
      out.add(part.id, span.begin, span.end);
    }
  }
}

// A text that holds no raw added token.
void Pipeline::encode_between(const Piece& raw, bool parse_special, TokenSink& out) const {
  Scratch& scratch = Scratch::of_thread();
  Piece piece = raw;
  if (parts_.normalizer && parts_.normalizer->may_change(raw.text)) {
    scratch.normalized.reset(raw.text, raw.origins);
    parts_.normalizer->apply(scratch.normalized);
    piece.text = scratch.normalized.text();
    if (raw.origins) piece.origins = scratch.normalized.origins().data();
  }
  if (!in_normalized_.may_match(piece.text)) return encode_normalized(piece, out);
  scratch.inner.clear();
  in_normalized_.split(piece.text, parse_special, scratch.inner);
  for (const AddedPart& part : scratch.inner) {
    if (part.id < 0) {
      encode_normalized(piece.part(part.span), out);
    } else {
      Span span = piece.original(part.span);
      out.add(part.id, span.begin, span.end);
    }
  }
}

void Pipeline::encode_normalized(const Piece& piece, TokenSink& out) const {
  PreTokens& words = Scratch::of_thread().words;
  words.reset(piece.text, piece.at_start, piece.origins);
  if (parts_.pre_tokenizer) parts_.pre_tokenizer->apply(words);
  if (words.spelled) words.rewrite_each([](TextEdit& edit, size_t) { unspell(edit); });
  size_t first = out.ids.size();
  parts_.model->encode(words.text, words.spans, out);
  if (!out.spans) return;
  Piece cut{words.text, words.origins(), false};
  for (size_t i = first; i < out.spans->size(); ++i) (*out.spans)[i] = cut.original((*out.spans)[i]);
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
