#include "infer/prompt_encoder.h"

#include <algorithm>
#include <utility>

namespace llmbox {

namespace {

/// What add_special puts before the ids of a text.
std::vector<int32_t> special_prefix(const Tokenizer& tokenizer) {
  constexpr std::string_view kProbe = "a";
  const std::vector<int32_t> plain = tokenizer.encode(kProbe);
  const std::vector<int32_t> special = tokenizer.encode(kProbe, {.add_special = true});
  const auto found = std::search(special.begin(), special.end(), plain.begin(), plain.end());
  if (found == special.end()) return {};
  return {special.begin(), found};
}

ScoreRequest with_spaces_moved(const ScoreRequest& request) {
  const size_t last = request.context.find_last_not_of(" \t\n\r\f\v");
  const size_t kept = last == std::string::npos ? 0 : last + 1;
  return {request.context.substr(0, kept), request.context.substr(kept) + request.continuation};
}

}  // namespace

PromptEncoder::PromptEncoder(std::shared_ptr<const Tokenizer> tokenizer)
    : tokenizer_(std::move(tokenizer)), prefix_(special_prefix(*tokenizer_)) {}

std::vector<int32_t> PromptEncoder::encode_rendered(std::string_view text) const {
  return tokenizer_->encode(text, {.add_special = false, .parse_special = true});
}

std::vector<int32_t> PromptEncoder::encode(std::string_view text) const {
  std::vector<int32_t> ids = encode_rendered(text);
  const bool has_prefix = ids.size() >= prefix_.size() && std::equal(prefix_.begin(), prefix_.end(), ids.begin());
  if (!has_prefix) ids.insert(ids.begin(), prefix_.begin(), prefix_.end());
  return ids;
}

EncodedScore PromptEncoder::encode_score(const ScoreRequest& request, int64_t max_length) const {
  const ScoreRequest moved = with_spaces_moved(request);
  if (!moved.context.empty()) {
    std::vector<int32_t> ids = encode(moved.context + moved.continuation);
    const int64_t n_context = static_cast<int64_t>(encode(moved.context).size());
    const int64_t last = std::max<int64_t>(1, static_cast<int64_t>(ids.size()) - !moved.continuation.empty());
    return cut_to_windows(std::move(ids), std::clamp<int64_t>(n_context, 1, last), max_length);
  }
  std::vector<int32_t> ids = encode(moved.continuation);
  if (prefix_.empty() && tokenizer_->bos_id() && (ids.empty() || ids[0] != *tokenizer_->bos_id()))
    ids.insert(ids.begin(), *tokenizer_->bos_id());
  return cut_to_windows(std::move(ids), std::max<int64_t>(1, static_cast<int64_t>(prefix_.size())), max_length);
}

EncodedScore cut_to_windows(std::vector<int32_t> ids, int64_t first_scored, int64_t max_length) {
  const auto n = static_cast<int64_t>(ids.size());
  EncodedScore encoded;
  if (first_scored >= n) return encoded;
  if (n - 1 <= max_length) {
    encoded.windows.push_back({std::move(ids), first_scored});
    return encoded;
  }
  const auto add_window = [&](int64_t begin, int64_t scored, int64_t end) {
    encoded.windows.push_back({{ids.begin() + begin, ids.begin() + end}, scored - begin});
  };
  // The first window keeps what context fits; a long continuation keeps one token of it.
  const int64_t first_end = std::min(n, first_scored + max_length);
  const int64_t first_begin = first_end == n ? n - 1 - max_length : first_scored - 1;
  add_window(first_begin, first_scored, first_end);
  encoded.n_truncated = static_cast<int>(first_begin);
  for (int64_t scored = first_end; scored < n;) {
    const int64_t end = std::min(n, scored + max_length);
    add_window(end - max_length - 1, scored, end);
    scored = end;
  }
  return encoded;
}

}  // namespace llmbox
