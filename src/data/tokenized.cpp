#include "data/tokenized.h"

#include <limits>

#include "core/error.h"
#include "core/thread_pool.h"
#include "data/packing.h"

namespace llmbox {
namespace {

struct Encoded {
  Sample sample;
  int64_t prompt_tokens = 0;  // of the first turn, before the cut
  std::string fault;
};

Encoded encode_one(const Example& example, const Tokenizer& tokenizer, const ChatTemplate* chat_template,
                   const TokenizeOptions& options) {
  if (options.pretraining) return {encode_document(example.prompt[0]["content"].get<std::string>(), tokenizer), 0, ""};
  try {
    const std::vector<TurnIds> turns = encode_turns(example, *chat_template, tokenizer, options.template_variables);
    const size_t prompt_tokens = turns.empty() ? 0 : turns.front().source.size();
    return {join_turns(turns, options.sample), static_cast<int64_t>(prompt_tokens), ""};
  } catch (const Error& error) {
    return {{}, 0, error.what()};
  }
}

}  // namespace

TokenizedSet tokenize_examples(const std::vector<Example>& examples, const Tokenizer& tokenizer,
                               const ChatTemplate* chat_template, const TokenizeOptions& options) {
  CHECK(options.pretraining || chat_template, "no chat template");
  std::vector<Encoded> encoded(examples.size());
  parallel_for(static_cast<int64_t>(examples.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      encoded[static_cast<size_t>(i)] = encode_one(examples[static_cast<size_t>(i)], tokenizer, chat_template, options);
  });
  TokenizedSet out;
  int64_t shortest_prompt = std::numeric_limits<int64_t>::max();
  for (Encoded& one : encoded) {
    if (!one.fault.empty() && ++out.n_faulty == 1) out.first_fault = one.fault;
    if (!one.fault.empty()) continue;
    out.n_prompt_cut += one.sample.prompt_cut;
    out.n_reply_cut += one.sample.reply_cut;
    shortest_prompt = std::min(shortest_prompt, one.prompt_tokens);
    if (n_targets(one.sample) == 0) {
      ++out.n_no_target;
      continue;
    }
    out.n_tokens += static_cast<int64_t>(one.sample.ids.size());
    out.n_targets += n_targets(one.sample);
    out.longest = std::max(out.longest, static_cast<int64_t>(one.sample.ids.size()));
    out.samples.push_back(std::move(one.sample));
  }
  if (out.samples.empty() && out.n_faulty > 0)
    throw Error("dataset", fmt::format("expected samples that the template renders, got none; {}", out.first_fault));
  if (out.samples.empty())
    fail("dataset",
         "expected samples with a trainable token, got none of {} ({} cut to {} tokens); try a larger cutoff_len",
         examples.size(), out.n_reply_cut, options.sample.cutoff_len);
  if (out.n_prompt_cut == static_cast<int64_t>(examples.size()) - out.n_faulty &&
      shortest_prompt >= options.sample.cutoff_len)
    fail("cutoff_len", "expected room for a prompt and its reply, got {}: the shortest prompt has {} tokens",
         options.sample.cutoff_len, shortest_prompt);
  return out;
}

std::vector<PackedRow> make_units(const TokenizedSet& set, const UnitOptions& options) {
  if (options.pretraining && options.packing) return pack_documents(set.samples, options.cutoff_len, options.isolation);
  std::vector<PackedRow> units;
  if (!options.packing) {
    for (const Sample& sample : set.samples) {
      Sample cut = sample;
      cut_sample(cut, options.cutoff_len);
      const Sample* one = &cut;
      units.push_back(make_row({&one, 1}));
    }
    return units;
  }
  for (size_t begin = 0; begin < set.samples.size(); begin += static_cast<size_t>(options.packing_batch)) {
    size_t end = std::min(set.samples.size(), begin + static_cast<size_t>(options.packing_batch));
    std::vector<int64_t> lengths;
    for (size_t i = begin; i < end; ++i) lengths.push_back(static_cast<int64_t>(set.samples[i].ids.size()));
    for (const std::vector<int64_t>& row : knapsack_rows(lengths, options.cutoff_len)) {
      std::vector<const Sample*> members;
      for (int64_t i : row) members.push_back(&set.samples[begin + static_cast<size_t>(i)]);
      units.push_back(make_row(members));
    }
  }
  return units;
}

}  // namespace llmbox
