#include "model/next_token.h"

#include "core/error.h"

namespace llmbox {

void require_next_token_model(const ModelSpec& spec) {
  if (spec.is_classifier)
    fail(spec.architecture, "expected a model that predicts tokens, got one that scores; try a causal LM");
  if (!spec.is_causal() || spec.has_encoder())
    fail(spec.architecture, "expected a decoder-only model, got one with an encoder; try a causal LM");
}

}  // namespace llmbox
