// Where the answer begins in texts whose prompt all tokens see (prefix language models; the first ChatGLM), and the two
// positions that each token has there. Found in a sequence's first tokens and kept with its state.
#pragma once

#include "arch/spec.h"
#include "model/attention_context.h"
#include "model/token_batch.h"

namespace llmbox {

struct PrefixMarks {
  at::Tensor positions;           // (N): as in the batch; in the answer all are the mask's
  at::Tensor places;              // (N): 0 in the prompt, from 1 on in the answer
  std::vector<int64_t> prefixes;  // (S): all of a segment's tokens see its tokens below this position
};

/// state: where in the context's states a sequence keeps its marks. Requires: the first tokens of a sequence come with
/// all of its prompt. Error where a sequence has no beginning of an answer or no mask.
PrefixMarks mark_prefixes(const PrefixSpec& spec, const TokenBatch& batch, AttentionContext& context, int state);

}  // namespace llmbox
