#include "model/prefix_marks.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace llmbox {

namespace {

struct Marks {
  int64_t begin, mask;  // positions
};

Marks find_marks(const PrefixSpec& spec, std::span<const int64_t> tokens) {
  const auto place = [&](int64_t id) { return std::find(tokens.begin(), tokens.end(), id) - tokens.begin(); };
  const auto end = static_cast<int64_t>(tokens.size()), begin = place(spec.begin);
  int64_t mask = end;
  for (const int64_t id : spec.masks)
    if (mask == end) mask = place(id);
  if (begin == end || mask == end)
    fail("model",
         "expected a mask token ({}) and the beginning of an answer ({}) in each text, got a text without; try "
         "the model's own tokenizer and template",
         spec.masks.empty() ? spec.begin : spec.masks[0], spec.begin);
  return {begin, mask};
}

/// What the sequence's state holds, or what its first tokens say.
Marks marks_of(const PrefixSpec& spec, std::span<const int64_t> tokens, RecurrentState* state) {
  if (state && state->memory.defined()) {
    const float* kept = state->memory.const_data_ptr<float>();
    return {static_cast<int64_t>(kept[0]), static_cast<int64_t>(kept[1])};
  }
  const Marks marks = find_marks(spec, tokens);
  if (state) state->memory = at::tensor({static_cast<float>(marks.begin), static_cast<float>(marks.mask)});
  return marks;
}

}  // namespace

PrefixMarks mark_prefixes(const PrefixSpec& spec, const TokenBatch& batch, AttentionContext& context, int state) {
  const at::Tensor tokens = batch.tokens.cpu().contiguous(), old = batch.positions.cpu().contiguous();
  PrefixMarks result{at::empty_like(old), at::empty_like(old), {}};
  const int64_t *ids = tokens.const_data_ptr<int64_t>(), *from = old.const_data_ptr<int64_t>();
  int64_t *to = result.positions.mutable_data_ptr<int64_t>(), *place = result.places.mutable_data_ptr<int64_t>();
  for (int64_t s = 0; s < batch.n_segments(); ++s) {
    const int64_t first = batch.segment_starts[s], end = batch.segment_starts[s + 1];
    const Marks marks = marks_of(spec, {ids + first, ids + end}, context.state(state, s));
    for (int64_t t = first; t < end; ++t) {
      const bool answers = from[t] >= marks.begin;
      to[t] = answers ? marks.mask : from[t];
      place[t] = answers ? from[t] - marks.begin + 1 : 0;
    }
    result.prefixes.push_back(marks.begin);
  }
  result.positions = result.positions.to(batch.positions.device());
  result.places = result.places.to(batch.positions.device());
  return result;
}

}  // namespace llmbox
