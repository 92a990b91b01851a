#include "data/encode.h"

#include <algorithm>

namespace llmbox {
namespace {

void append(std::vector<int32_t>& to, const std::vector<int32_t>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// The kept part of a turn as a sample of its own. `place`: how many turns were taken before it.
Sample turn_sample(const TurnIds& turn, int64_t n_source, int64_t n_target, const SampleOptions& options,
                   size_t place) {
  Sample out;
  out.ids.assign(turn.source.begin(), turn.source.begin() + n_source);
  if (options.train_on_prompt) out.labels = out.ids;
  out.labels.resize(out.ids.size(), kNoTarget);
  const bool after_a_reply = options.closing_eos && !options.mask_history && place > 0;
  if (after_a_reply && n_source > 0) out.labels.front() = *options.closing_eos;
  out.ids.insert(out.ids.end(), turn.target.begin(), turn.target.begin() + n_target);
  if (!options.mask_history || place == 0)
    out.labels.insert(out.labels.end(), turn.target.begin(), turn.target.begin() + n_target);
  out.labels.resize(out.ids.size(), kNoTarget);
  return out;
}

}  // namespace

std::pair<int64_t, int64_t> split_length(int64_t s, int64_t t, int64_t c) {
  int64_t most = 0;  // tokens that the target may take
  if (t * 2 < c)
    most = c;
  else if (s * 2 < c)
    most = c - s;
  else
    most = static_cast<int64_t>(static_cast<double>(c) * (static_cast<double>(t) / static_cast<double>(s + t)));
  int64_t new_target = std::min(most, t);
  return {std::min(std::max<int64_t>(c - new_target, 0), s), new_target};
}

std::vector<TurnIds> encode_turns(const Example& example, const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                  const Json& variables) {
  std::vector<TurnIds> turns;
  bool last_was_target = true;
  for (const auto& piece :
       chat_template.encode_pieces(example.conversation(), example.tool_list(!chat_template.of_table()), variables)) {
    if (piece.text.empty()) continue;
    if (last_was_target && !piece.is_target) turns.emplace_back();
    if (turns.empty()) turns.emplace_back();
    append(piece.is_target ? turns.back().target : turns.back().source,
           tokenizer.encode(piece.text, {.add_special = false, .parse_special = true}));
    last_was_target = piece.is_target;
  }
  if (!turns.empty() && turns.back().target.empty()) turns.pop_back();
  return turns;
}

Sample join_turns(std::span<const TurnIds> turns, const SampleOptions& options) {
  Sample out;
  std::vector<Sample> parts;
  int64_t total = options.closing_eos ? 1 : 0;
  const size_t n = turns.size();
  for (size_t i = 0; i < n; ++i) {
    const TurnIds& turn = turns[options.mask_history ? n - 1 - i : i];
    if (total >= options.cutoff_len) {
      out.prompt_cut = out.reply_cut = true;
      break;
    }
    int64_t s = static_cast<int64_t>(turn.source.size()), t = static_cast<int64_t>(turn.target.size());
    auto [new_s, new_t] = split_length(s, t, options.cutoff_len - total);
    out.prompt_cut |= new_s < s;
    out.reply_cut |= new_t < t;
    total += new_s + new_t;
    parts.push_back(turn_sample(turn, new_s, new_t, options, i));
  }
  if (options.mask_history) std::reverse(parts.begin(), parts.end());
  for (const Sample& part : parts) {
    append(out.ids, part.ids);
    append(out.labels, part.labels);
  }
  if (options.closing_eos) {
    out.ids.push_back(*options.closing_eos);
    out.labels.push_back(*options.closing_eos);
  }
  return out;
}

Sample encode_document(std::string_view text, const Tokenizer& tokenizer) {
  Sample out;
  out.ids = tokenizer.encode(text, {.add_special = false, .parse_special = true});
  // What the tokenizer itself puts in front, and nothing of what it puts behind: eos comes exactly once.
  std::vector<int32_t> probe = tokenizer.encode("a", {.add_special = true});
  if (tokenizer.bos_id() && !probe.empty() && probe.front() == *tokenizer.bos_id())
    out.ids.insert(out.ids.begin(), *tokenizer.bos_id());
  if (tokenizer.eos_id()) out.ids.push_back(*tokenizer.eos_id());
  out.labels = out.ids;
  return out;
}

void cut_sample(Sample& sample, int64_t cutoff_len) {
  if (static_cast<int64_t>(sample.ids.size()) <= cutoff_len) return;
  sample.ids.resize(static_cast<size_t>(cutoff_len));
  sample.labels.resize(static_cast<size_t>(cutoff_len));
  sample.reply_cut = true;
}

int64_t n_targets(const Sample& sample) {
  if (sample.labels.empty()) return 0;
  return std::count_if(sample.labels.begin() + 1, sample.labels.end(),
                       [](int32_t label) { return label != kNoTarget; });
}

}  // namespace llmbox
