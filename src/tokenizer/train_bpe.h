// Training of a byte-level BPE tokenizer, with the counting, order and tie rules of the tokenizers library's
// BpeTrainer: the same words give the same vocabulary and merges. Deterministic: no randomness, no dependence on
// threads.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace llmbox {

class PreTokenizer;

struct BpeTrainingOptions {
  int64_t vocab_size = 32000;                   // special tokens and the 256 bytes included
  int64_t min_frequency = 2;                    // a pair seen less often is not merged
  std::string pattern = "qwen2";                // split pattern by name (gpt2, llama3, qwen2, cl100k) or its text
  std::vector<std::string> special_tokens;      // ids 0, 1, … in this order
  std::string bos_token, eos_token, pad_token;  // empty: none; added to special_tokens where they lack
  std::string chat_template;                    // Jinja source for tokenizer_config.json; empty: none
  int64_t model_max_length = 0;                 // 0: not written
};

/// The words of the texts and how often each occurs.
class WordCounter {
 public:
  explicit WordCounter(std::string_view pattern);
  ~WordCounter();
  WordCounter(WordCounter&&) noexcept;
  void add(std::string_view text);
  const std::unordered_map<std::string, int64_t>& counts() const { return counts_; }

 private:
  std::shared_ptr<const PreTokenizer> pre_tokenizer_;
  std::unordered_map<std::string, int64_t> counts_;
};

struct TrainedBpe {
  std::vector<std::string> vocab;                           // by id, spelled in the byte alphabet
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
};

/// Throws Error where vocab_size has no room for the special tokens and the 256 bytes.
TrainedBpe train_bpe(const WordCounter& words, const BpeTrainingOptions& options);

/// Writes tokenizer.json and tokenizer_config.json, each atomically, as transformers opens them.
void save_trained_bpe(const TrainedBpe& trained, const BpeTrainingOptions& options,
                      const std::filesystem::path& folder);

/// The text of a pattern known by name, or the given text.
std::string split_pattern_text(std::string_view name_or_text);

/// special_tokens with bos, eos and pad where they lack.
std::vector<std::string> all_special_tokens(const BpeTrainingOptions& options);

}  // namespace llmbox
