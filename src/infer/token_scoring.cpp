#include "infer/token_scoring.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace llmbox {

namespace {

constexpr int64_t kRowsAtOnce = 256;  // logits that exist at one time

TokenScores score_by_logits(Decoder& decoder, const at::Tensor& hidden, const at::Tensor& targets) {
  std::vector<at::Tensor> logprobs, argmax;
  for (int64_t begin = 0; begin < hidden.size(0); begin += kRowsAtOnce) {
    const int64_t n = std::min(kRowsAtOnce, hidden.size(0) - begin);
    const at::Tensor logits = decoder.logits(hidden.narrow(0, begin, n));  // (n, V)
    const at::Tensor target = targets.narrow(0, begin, n);
    logprobs.push_back(logits.gather(1, target.unsqueeze(1)).squeeze(1) - logits.logsumexp(1));
    argmax.push_back(logits.argmax(1).eq(target));
  }
  return {at::cat(logprobs), at::cat(argmax)};
}

}  // namespace

TokenScores score_tokens(Decoder& decoder, const at::Tensor& hidden, const at::Tensor& targets) {
  const ModelSpec& spec = decoder.spec();
  if (spec.logit_softcap != 0 || spec.logit_scale != 1) return score_by_logits(decoder, hidden, targets);
  return linear_token_scores(hidden, decoder.head_weight(), decoder.head_bias(), targets);
}

}  // namespace llmbox
