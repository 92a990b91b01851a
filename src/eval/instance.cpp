#include "eval/instance.h"

#include <map>

#include "eval/ranking.h"

namespace llmbox {

namespace {

Json reference_of(const Instance& instance) {
  if (instance.record.answer >= 0) return instance.record.answer;
  return instance.record.references.size() == 1 ? Json(instance.record.references[0])
                                                : Json(instance.record.references);
}

Outcome finish(const Instance& instance, Json prediction, Json details,
               std::vector<std::pair<std::string, double>> scores) {
  Json line = {{"index", instance.index}, {"subset", instance.subset}, {"prompt", instance.prompt.context}};
  line.update(details);
  line["prediction"] = std::move(prediction);
  line["reference"] = reference_of(instance);
  line["metrics"] = Json::object();
  for (const auto& [name, value] : scores) line["metrics"][name] = value;
  return {std::move(line), std::move(scores)};
}

std::vector<Loss> losses_of(const std::vector<size_t>& ids, const RequestSet& answers) {
  std::vector<Loss> losses;
  for (const size_t id : ids) losses.push_back({-answers.score(id).logprob, answers.score(id).n_tokens});
  return losses;
}

int n_truncated(const std::vector<size_t>& ids, const RequestSet& answers) {
  int most = 0;
  for (const size_t id : ids) most = std::max(most, answers.score(id).n_truncated);
  return most;
}

/// {"options", "logprobs", "n_tokens"} and, where the context did not fit, "n_truncated".
Json score_details(const std::vector<std::string>& options, const std::vector<size_t>& ids, const RequestSet& answers) {
  Json details = {{"options", options}, {"logprobs", Json::array()}, {"n_tokens", Json::array()}};
  for (const size_t id : ids) {
    details["logprobs"].push_back(answers.score(id).logprob);
    details["n_tokens"].push_back(answers.score(id).n_tokens);
  }
  if (const int n = n_truncated(ids, answers)) details["n_truncated"] = n;
  return details;
}

/// The largest of some value per option.
template <class Value>
int largest(size_t n, Value value) {
  int best = 0;
  for (size_t i = 1; i < n; ++i)
    if (value(i) > value(best)) best = static_cast<int>(i);
  return best;
}

Outcome by_loss(const Instance& instance, const RequestSet& answers) {
  const std::vector<Loss> losses = losses_of(instance.scores, answers);
  const int right = instance.record.answer, per_token = smallest_loss_per_token(losses);
  const auto is_right = [&](int choice) { return choice == right ? 1.0 : 0.0; };
  Json details = score_details(instance.prompt.continuations, instance.scores, answers);
  std::vector<std::pair<std::string, double>> scores;
  int choice = per_token;
  if (!instance.content_free.empty()) {
    const std::vector<Loss> content_free = losses_of(instance.content_free, answers);
    choice = smallest_normalised_loss(losses, content_free);
    details["content_free_logprobs"] = Json::array();
    for (const Loss& loss : content_free) details["content_free_logprobs"].push_back(-loss.nats);
  }
  scores.emplace_back("accuracy", is_right(choice));
  if (!instance.content_free.empty()) scores.emplace_back("acc_token", is_right(per_token));
  scores.emplace_back("acc_sum", is_right(largest(losses.size(), [&](size_t i) { return -losses[i].nats; })));
  scores.emplace_back("acc_norm", is_right(largest(losses.size(), [&](size_t i) {
                        return -losses[i].nats /
                               static_cast<double>(std::max<size_t>(1, instance.record.continuations[i].size()));
                      })));
  return finish(instance, choice, details, scores);
}

Outcome by_label(const Instance& instance, const RequestSet& answers) {
  std::vector<double> values;
  for (const size_t id : instance.scores) values.push_back(answers.score(id).logprob);
  const int choice = largest_label_score(values);
  const size_t n = values.size() / 2;
  Json details = {{"options", instance.record.continuations}, {"logprobs", Json::array()}, {"n_tokens", Json::array()}};
  for (size_t i = 0; i < n; ++i) {
    const size_t best = values[i] >= values[i + n] ? i : i + n;
    details["logprobs"].push_back(values[best]);
    details["n_tokens"].push_back(answers.score(instance.scores[best]).n_tokens);
  }
  return finish(instance, choice, details, {{"accuracy", choice == instance.record.answer ? 1.0 : 0.0}});
}

/// The most frequent answer, the first of equals.
std::string most_frequent(const std::vector<std::string>& all) {
  std::map<std::string, int> counts;
  for (const std::string& text : all) ++counts[text];
  return all[largest(all.size(), [&](size_t i) { return counts[all[i]]; })];
}

Outcome by_generation(const Instance& instance, const Scoring& scoring, const RequestSet& answers) {
  Json details = {{"outputs", Json::array()}};
  std::vector<std::string> answered;
  const bool is_choice = scoring.kind == TaskKind::kChoice;
  for (const size_t id : instance.completions) {
    const std::string& text = answers.completion(id).text;
    details["outputs"].push_back(text);
    answered.push_back(is_choice
                           ? std::to_string(option_in_text(text, static_cast<int>(instance.record.options.size())))
                           : scoring.filter(text));
  }
  const std::string answer = most_frequent(answered);
  if (is_choice) {
    const int choice = std::stoi(answer);
    details["options"] = instance.record.options;
    return finish(instance, choice, details,
                  {{"accuracy", choice == instance.record.answer ? 1.0 : 0.0}, {"unparsed", choice < 0 ? 1.0 : 0.0}});
  }
  std::vector<std::pair<std::string, double>> scores;
  for (const auto& [name, metric] : scoring.metrics)
    scores.emplace_back(name, metric(answer, instance.record.references));
  return finish(instance, answer, details, scores);
}

double count_words(const std::string& text) {
  double n = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space && !inside) ++n;
    inside = !space;
  }
  return n;
}

Outcome by_perplexity(const Instance& instance, const RequestSet& answers) {
  const ScoreResult& result = answers.score(instance.scores[0]);
  const std::string& text = instance.prompt.continuations[0];
  Json details = score_details(instance.prompt.continuations, instance.scores, answers);
  return finish(instance, nullptr, details,
                {{"nats", -result.logprob},
                 {"tokens", static_cast<double>(result.n_tokens)},
                 {"words", count_words(text)},
                 {"bytes", static_cast<double>(text.size())}});
}

}  // namespace

Outcome score_instance(const Instance& instance, const Scoring& scoring, const RequestSet& answers) {
  if (scoring.kind == TaskKind::kPerplexity) return by_perplexity(instance, answers);
  if (!instance.completions.empty()) return by_generation(instance, scoring, answers);
  return scoring.ranking == Ranking::kProb ? by_label(instance, answers) : by_loss(instance, answers);
}

}  // namespace llmbox
