#include "eval/request_set.h"

#include <mutex>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"

namespace llmbox {

namespace {

uint64_t fnv1a(std::string_view bytes, uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

/// 128 bits of a request's content: what the journal knows it by.
std::string digest(const std::string& content) {
  return fmt::format("{:016x}{:016x}", fnv1a(content, 0xcbf29ce484222325ull), fnv1a(content, 0x9e3779b97f4a7c15ull));
}

std::string key_of(const ScoreRequest& request) {
  return digest(Json{"score", request.context, request.continuation}.dump());
}

std::string key_of(const GenerateRequest& request) {
  const SamplingParams& p = request.params;
  return digest(Json{"generate", request.prompt, request.messages, request.tools, p.max_tokens, p.temperature, p.top_k,
                     p.top_p, p.min_p, p.repetition_penalty, p.seed, p.stop, p.ignore_eos}
                    .dump());
}

Json to_json(const std::string& key, const ScoreResult& result) {
  return {{"key", key},
          {"logprob", result.logprob},
          {"n_tokens", result.n_tokens},
          {"greedy", result.greedy},
          {"n_truncated", result.n_truncated}};
}

Json to_json(const std::string& key, const Completion& result) {
  return {{"key", key},
          {"text", result.text},
          {"ids", result.ids},
          {"finish_reason", result.finish_reason},
          {"n_prompt_tokens", result.n_prompt_tokens}};
}

void from_json(const Json& line, ScoreResult& result) {
  result.logprob = line.at("logprob");
  result.n_tokens = line.at("n_tokens");
  result.greedy = line.at("greedy");
  result.n_truncated = line.at("n_truncated");
}

void from_json(const Json& line, Completion& result) {
  result.text = line.at("text");
  result.ids = line.at("ids").get<std::vector<int32_t>>();
  result.finish_reason = line.at("finish_reason");
  result.n_prompt_tokens = line.at("n_prompt_tokens");
}

using KnownAnswers = std::unordered_map<std::string, Json>;

/// What an earlier run of the same model has answered. Throws Error for a journal of another model.
KnownAnswers read_answers(const JournalOptions& options) {
  KnownAnswers known;
  if (options.path.empty() || options.overwrite) return known;
  for (const Json& line : read_journal(options.path)) {
    if (line.contains("model") && line["model"] != options.model)
      fail(options.path.string(),
           "expected answers of this model, got those of {}; try another --output or --overwrite",
           line["model"].dump());
    if (line.contains("key")) known[line["key"].get<std::string>()] = line;
  }
  return known;
}

/// Fills in what is known; the others' numbers are returned.
template <class Result>
std::vector<size_t> fill_in(const std::vector<std::string>& keys, const KnownAnswers& known,
                            std::vector<Result>& results) {
  std::vector<size_t> open;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto answer = known.find(keys[i]);
    if (answer == known.end())
      open.push_back(i);
    else
      from_json(answer->second, results[i]);
  }
  return open;
}

/// Writes answers as they come; without a path it writes nothing.
class AnswerJournal {
 public:
  explicit AnswerJournal(const JournalOptions& options, bool is_new) {
    if (options.path.empty()) return;
    file_ = std::make_unique<JournalFile>(options.path, is_new ? JournalMode::kFresh : JournalMode::kContinue);
    if (is_new) file_->append({{"model", options.model}});
  }
  void append(const Json& line) {
    if (!file_) return;
    file_->append(line);
    const std::lock_guard lock(mutex_);
    if (++n_unsynced_ < 256) return;
    n_unsynced_ = 0;
    file_->sync();
  }

 private:
  std::unique_ptr<JournalFile> file_;
  std::mutex mutex_;
  int n_unsynced_ = 0;
};

template <class Request>
std::vector<Request> chosen(const std::vector<Request>& all, const std::vector<size_t>& open) {
  std::vector<Request> requests;
  for (const size_t i : open) requests.push_back(all[i]);
  return requests;
}

}  // namespace

size_t RequestSet::add(ScoreRequest request) {
  const std::string key = key_of(request);
  const auto [entry, is_new] = score_ids_.try_emplace(key, score_requests_.size());
  if (is_new) {
    score_requests_.push_back(std::move(request));
    score_keys_.push_back(key);
  }
  return entry->second;
}

size_t RequestSet::add(GenerateRequest request) {
  const std::string key = key_of(request);
  const auto [entry, is_new] = generate_ids_.try_emplace(key, generate_requests_.size());
  if (is_new) {
    generate_requests_.push_back(std::move(request));
    generate_keys_.push_back(key);
  }
  return entry->second;
}

void RequestSet::run(LanguageModel& model, const JournalOptions& options) {
  scores_.assign(score_requests_.size(), {});
  completions_.assign(generate_requests_.size(), {});
  const KnownAnswers known = read_answers(options);
  const std::vector<size_t> open_scores = fill_in(score_keys_, known, scores_);
  const std::vector<size_t> open_texts = fill_in(generate_keys_, known, completions_);
  n_resumed_ = score_requests_.size() + generate_requests_.size() - open_scores.size() - open_texts.size();
  const bool is_new = options.overwrite || options.path.empty() || !std::filesystem::exists(options.path) ||
                      std::filesystem::file_size(options.path) == 0 || read_journal(options.path).empty();
  AnswerJournal journal(options, is_new);
  Progress progress("evaluating", static_cast<int64_t>(score_requests_.size() + generate_requests_.size()), "requests");
  progress.skip(static_cast<int64_t>(n_resumed_));
  if (!open_scores.empty()) {
    const auto results = model.score(chosen(score_requests_, open_scores), [&](size_t i, const ScoreResult& result) {
      journal.append(to_json(score_keys_[open_scores[i]], result));
      progress.advance();
    });
    for (size_t i = 0; i < results.size(); ++i) scores_[open_scores[i]] = results[i];
  }
  if (!open_texts.empty()) {
    const auto results =
        model.generate(chosen(generate_requests_, open_texts), {}, [&](size_t i, const Completion& result) {
          journal.append(to_json(generate_keys_[open_texts[i]], result));
          progress.advance();
        });
    for (size_t i = 0; i < results.size(); ++i) completions_[open_texts[i]] = results[i];
  }
}

}  // namespace llmbox
