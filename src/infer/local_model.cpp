#include "infer/local_model.h"

#include <algorithm>
#include <utility>

#include "adapter/prompt.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "infer/stop_matcher.h"

namespace llmbox {

namespace {

/// Jobs hold references to the locals of the call that submitted them: none may outlive it.
struct CancelOnError {
  Engine& engine;
  bool armed = true;
  ~CancelOnError() {
    if (armed) engine.cancel_all();
  }
};

}  // namespace

/// Turns one request's tokens into text as they come.
struct LocalModel::Writer {
  Writer(const Tokenizer& tokenizer, const std::vector<std::string>& stops) : decoder(tokenizer), matcher(stops) {}

  /// False where the reader has had enough.
  bool emit(std::string piece) {
    if (piece.empty()) return true;
    text += piece;
    return !stream || (*stream)(index, piece);
  }
  TokenVerdict take(int32_t id) {
    const bool goes_on = emit(matcher.push(decoder.push(id)));
    if (matcher.stopped()) return TokenVerdict::stop;
    return goes_on ? TokenVerdict::go_on : TokenVerdict::cancel;
  }
  void finish(bool cancelled) {
    if (cancelled || matcher.stopped()) return;
    emit(matcher.push(decoder.finish()));
    emit(matcher.finish());
  }

  size_t index = 0;
  const StreamCallback* stream = nullptr;
  StreamDecoder decoder;
  StopMatcher matcher;
  std::string text;
};

LocalModel::LocalModel(Decoder& decoder, std::shared_ptr<const Tokenizer> tokenizer,
                       std::optional<ChatTemplate> chat_template, const EngineOptions& options,
                       std::vector<int32_t> extra_stop_ids)
    : encoder_(std::move(tokenizer)),
      chat_template_(std::move(chat_template)),
      engine_(decoder, options),
      stop_ids_(std::move(extra_stop_ids)),
      virtual_ids_(virtual_token_ids(decoder)) {
  check_vocabularies(encoder_.tokenizer(), decoder);
  if (const auto eos = encoder_.tokenizer().eos_id()) stop_ids_.push_back(*eos);
}

std::vector<ScoreResult> LocalModel::score(std::span<const ScoreRequest> requests, const ScoreDone& done) {
  std::vector<EncodedScore> encoded(requests.size());
  parallel_for(static_cast<int64_t>(requests.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) encoded[i] = encoder_.encode_score(requests[i], text_length());
  });
  std::vector<ScoreResult> results(requests.size());
  std::vector<std::vector<TokenScoreResult>> parts(requests.size());
  std::vector<size_t> left(requests.size());
  CancelOnError guard{engine_};
  const auto conclude = [&](size_t i) {
    ScoreResult& result = results[i];
    result.n_truncated = encoded[i].n_truncated;
    result.greedy = true;
    for (const TokenScoreResult& part : parts[i]) {
      result.logprobs.insert(result.logprobs.end(), part.logprobs.begin(), part.logprobs.end());
      result.greedy = result.greedy && std::all_of(part.is_argmax.begin(), part.is_argmax.end(), std::identity());
    }
    for (double logprob : result.logprobs) result.logprob += logprob;
    result.n_tokens = static_cast<int>(result.logprobs.size());
    parts[i].clear();
    if (done) done(i, result);
  };
  for (size_t i = 0; i < requests.size(); ++i) {
    left[i] = encoded[i].windows.size();
    parts[i].resize(left[i]);
    if (left[i] == 0) conclude(i);
    for (size_t window = 0; window < parts[i].size(); ++window) {
      ScoreWindow& span = encoded[i].windows[window];
      const int64_t first = span.first_scored + static_cast<int64_t>(virtual_ids_.size());
      engine_.submit(TokenScoreJob{with_virtual(std::move(span.ids)), first, [&, i, window](TokenScoreResult result) {
                                     parts[i][window] = std::move(result);
                                     if (--left[i] == 0) conclude(i);
                                   }});
    }
  }
  engine_.run();
  guard.armed = false;
  return results;
}

std::vector<int32_t> LocalModel::encode_prompt(const GenerateRequest& request) {
  std::vector<int32_t> ids = request.messages.empty()
                                 ? encoder_.encode(request.prompt)
                                 : encoder_.encode_rendered(render(request.messages, request.tools));
  const Tokenizer& tokenizer = encoder_.tokenizer();
  if (ids.empty()) {
    const auto first = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
    if (!first) fail("generate", "expected a prompt, got an empty one; this tokenizer has no BOS to begin with");
    ids.push_back(*first);
  }
  // Room for the answer: what was asked for, or half the window where that is more than half.
  const int64_t room = std::min<int64_t>(std::max(request.params.max_tokens, 1), text_length() / 2);
  const int64_t most = std::max<int64_t>(1, text_length() - room);
  const auto n = static_cast<int64_t>(ids.size());
  if (n <= most) return with_virtual(std::move(ids));
  ++n_prompts_truncated_;
  return with_virtual({ids.end() - most, ids.end()});
}

std::vector<int32_t> LocalModel::with_virtual(std::vector<int32_t> ids) const {
  ids.insert(ids.begin(), virtual_ids_.begin(), virtual_ids_.end());
  return ids;
}

std::unique_ptr<LocalModel::Writer> LocalModel::make_writer(size_t index, const GenerateRequest& request,
                                                            const StreamCallback& stream) const {
  auto writer = std::make_unique<Writer>(encoder_.tokenizer(), request.params.stop);
  writer->index = index;
  writer->stream = stream ? &stream : nullptr;
  return writer;
}

std::vector<Completion> LocalModel::generate(std::span<const GenerateRequest> requests, const StreamCallback& stream,
                                             const CompletionDone& done) {
  std::vector<Completion> completions(requests.size());
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::vector<int32_t>> prompts;
  for (const GenerateRequest& request : requests) {
    check_sampling(request.params, "generate");
    try {
      prompts.push_back(encode_prompt(request));
    } catch (const Error& error) {
      if (requests.size() == 1) throw;
      throw Error(fmt::format("prompt {} of {}", prompts.size() + 1, requests.size()), error.message());
    }
  }
  CancelOnError guard{engine_};
  for (size_t i = 0; i < requests.size(); ++i) {
    writers.push_back(make_writer(i, requests[i], stream));
    Writer& writer = *writers.back();
    // A continuation's first token is decoded behind the prompt's last one, so that its space is kept.
    if (requests[i].messages.empty()) writer.decoder.push(prompts[i].back());
    completions[i].n_prompt_tokens = static_cast<int>(prompts[i].size() - virtual_ids_.size());
    TokenGenerateJob job;
    job.ids = std::move(prompts[i]);
    job.params = requests[i].params;
    if (!job.params.ignore_eos) job.stop_ids = stop_ids_;
    job.on_token = [&writer](int32_t id) { return writer.take(id); };
    job.done = [&, i](std::vector<int32_t> ids, FinishReason reason) {
      writers[i]->finish(reason == FinishReason::cancelled);
      const bool stopped = writers[i]->matcher.stopped();
      completions[i].ids = std::move(ids);
      completions[i].text = std::move(writers[i]->text);
      completions[i].finish_reason = to_string(stopped ? FinishReason::stop : reason);
      writers[i].reset();
      if (done) done(i, completions[i]);
    };
    engine_.submit(std::move(job));
  }
  engine_.run();
  guard.armed = false;
  return completions;
}

std::string LocalModel::render(const Messages& messages, const Json& tools) {
  if (!chat_template_)
    fail("template", "expected a model with a chat template, got none; try --template NAME or a plain prompt");
  return chat_template_->render(messages, tools, true);
}

int LocalModel::count_tokens(const std::string& text) const {
  return static_cast<int>(encoder_.encode_rendered(text).size());
}

Json LocalModel::stats() const {
  const EngineStats stats = engine_.stats();
  return {{"tokens_computed", stats.tokens_computed},
          {"tokens_reused", stats.tokens_reused},
          {"tokens_plain", stats.tokens_plain},
          {"tokens_generated", stats.tokens_generated},
          {"steps", stats.steps},
          {"prompts_truncated", n_prompts_truncated_},
          {"cache_bytes", engine_.cache_bytes()}};
}

}  // namespace llmbox
