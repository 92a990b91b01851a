// How a choice is made among options: LLMBox's ranking types as pure functions of what the model answered.
#pragma once

#include <span>
#include <string>

namespace llmbox {

struct Loss {
  double nats = 0;  // -log p(option | prompt), summed over its tokens
  int n_tokens = 0;
};

/// The smallest loss per token; an option without tokens counts as 1e10.
int smallest_loss_per_token(std::span<const Loss> options);
/// The smallest loss(option | prompt) - loss(option | content-free prompt).
int smallest_normalised_loss(std::span<const Loss> options, std::span<const Loss> content_free);
/// The largest of 2n scores (n labels after a blank, n labels without), modulo n; -1 without options.
int largest_label_score(std::span<const double> scores);
/// The last capital letter among the first n that stands alone or beside a CJK character; -1 where there is none.
int option_in_text(const std::string& text, int n_options);

}  // namespace llmbox
