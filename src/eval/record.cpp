#include "eval/record.h"

#include "chat/jinja.h"
#include "core/error.h"
#include "core/near_name.h"
#include "eval/filters/filter.h"

namespace llmbox {

namespace {

JinjaTemplate expression(const std::string& text, const std::string& name) {
  return JinjaTemplate::parse("{{ (" + text + ") | tojson }}", name);
}

Json evaluate(const JinjaTemplate& expression, const Json& row) {
  return parse_json(expression.render(row), expression.name());
}

std::string as_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string without_leading_blanks(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\n\r\v\f");
  return begin == std::string::npos ? "" : text.substr(begin);
}

std::string lettered(const std::vector<std::string>& options) {
  std::string lines;
  for (size_t i = 0; i < options.size(); ++i)
    lines += (i ? "\n" : "") + option_letter(static_cast<int>(i)) + ". " + without_leading_blanks(options[i]);
  return lines;
}

}  // namespace

std::string option_letter(int index) { return std::string(1, static_cast<char>('A' + index)); }

Ranking parse_ranking(const std::string& name) {
  if (name.empty() || name == "ppl_no_option") return Ranking::kPplNoOption;
  if (name == "ppl") return Ranking::kPpl;
  if (name == "prob") return Ranking::kProb;
  if (name == "generation") return Ranking::kGeneration;
  const std::vector<std::string> names = {"ppl_no_option", "ppl", "prob", "generation"};
  fail("--ranking_type", "expected {}, got '{}'", quoted_names(names), name);
}

struct RecordMaker::Parts {
  const TaskSpec task;
  const std::string subset, where;
  const Ranking ranking;
  std::vector<std::pair<std::string, JinjaTemplate>> fields;
  std::vector<JinjaTemplate> options;  // one that gives the list, or one per option
  std::optional<JinjaTemplate> keep, prompt, answer, content_free, text, reference, target;
  Filter source_filter, option_filter, reference_filter;

  /// The row with the task's fields and `subset`: what every expression sees.
  Json variables(const Json& row) const {
    Json all = row;
    all["subset"] = subset;
    for (const auto& [name, value] : fields) all[name] = evaluate(value, all);
    return all;
  }

  std::vector<std::string> read_options(const Json& variables, const std::string& place) const {
    std::vector<std::string> read;
    if (task.options.is_string()) {
      const Json list = evaluate(options[0], variables);
      if (!list.is_array() || list.empty()) fail(place, "expected a list of options, got {}", list.dump());
      for (const Json& option : list) read.push_back(as_text(option));
    } else {
      for (const JinjaTemplate& option : options) read.push_back(as_text(evaluate(option, variables)));
    }
    for (std::string& option : read) option = option_filter(option);
    return read;
  }

  int read_answer(const Json& variables, size_t n_options, const std::string& place) const {
    const Json value = evaluate(*answer, variables);
    int index = -1;
    if (value.is_number_integer()) {
      index = value.get<int>();
    } else if (value.is_string()) {
      const std::string text = trimmed(value.get<std::string>());
      if (text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z')
        index = text[0] - 'A';
      else if (text.size() == 1 && text[0] >= '0' && text[0] <= '9')
        index = text[0] - '0';
    }
    if (index < 0 || index >= static_cast<int>(n_options))
      fail(place, "expected the right option as 0 to {} or a letter, got {}", n_options - 1, value.dump());
    return index;
  }

  std::vector<std::string> read_references(const Json& variables) const {
    std::vector<std::string> read;
    const Json value = evaluate(*reference, variables);
    for (const Json& one : value.is_array() ? value : Json::array({value}))
      read.push_back(reference_filter(as_text(one)));
    return read;
  }

  std::string rendered(const JinjaTemplate& source, Json variables, const std::vector<std::string>& shown) const {
    variables["options"] = ranking == Ranking::kPplNoOption ? "" : lettered(shown);
    return source_filter(source.render(variables));
  }
};

RecordMaker::RecordMaker(const TaskSpec& task, std::string subset, Ranking ranking, const std::string& instruction)
    : parts_(new Parts{
          task, std::move(subset), "task " + task.name, ranking, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}) {
  const auto optional_expression = [&](const std::string& text, const char* key) {
    return text.empty() ? std::nullopt : std::optional(expression(text, task.name + "." + key));
  };
  for (const auto& [name, text] : task.fields)
    parts_->fields.emplace_back(name, expression(text, task.name + ".fields." + name));
  if (task.options.is_string())
    parts_->options.push_back(expression(task.options.get<std::string>(), task.name + ".options"));
  if (task.options.is_array())
    for (const Json& option : task.options)
      parts_->options.push_back(expression(as_text(option), task.name + ".options"));
  parts_->keep = optional_expression(task.keep, "keep");
  parts_->answer = optional_expression(task.answer, "answer");
  parts_->text = optional_expression(task.text, "text");
  parts_->reference = optional_expression(task.reference, "reference");
  parts_->target = optional_expression(task.target, "target");
  parts_->prompt = JinjaTemplate::parse(instruction.empty() ? task.prompt : instruction, task.name + ".prompt");
  if (!task.content_free.empty())
    parts_->content_free = JinjaTemplate::parse(task.content_free, task.name + ".content_free");
  parts_->source_filter = make_filters(task.source_filters, parts_->where);
  parts_->option_filter = make_filters(task.option_filters, parts_->where);
  parts_->reference_filter = make_filters(task.reference_filters, parts_->where);
}

RecordMaker::~RecordMaker() = default;

bool RecordMaker::keeps(const Json& row) const {
  if (!parts_->keep) return true;
  const Json value = evaluate(*parts_->keep, parts_->variables(row));
  return value.is_boolean() ? value.get<bool>() : !value.empty() && value != 0 && value != "";
}

Record RecordMaker::make(const Json& row, size_t index, const std::vector<int>& option_order) const {
  const Parts& parts = *parts_;
  const std::string place =
      fmt::format("{}{}, row {}", parts.where, parts.subset.empty() ? "" : ":" + parts.subset, index);
  if (!row.is_object()) fail(place, "expected columns, got {}", row.dump());
  const Json variables = parts.variables(row);
  Record record;
  if (parts.task.kind == TaskKind::kGeneration) {
    record.references = parts.read_references(variables);
    record.target = as_text(evaluate(*parts.target, variables));
    record.source = parts.source_filter(parts.prompt->render(variables));
    return record;
  }
  record.options = parts.read_options(variables, place);
  record.answer = parts.read_answer(variables, record.options.size(), place);
  if (!option_order.empty()) {
    const std::vector<std::string> old = record.options;
    for (size_t i = 0; i < old.size(); ++i) record.options[i] = old[option_order[i]];
    record.answer =
        static_cast<int>(std::find(option_order.begin(), option_order.end(), record.answer) - option_order.begin());
  }
  record.source = parts.rendered(*parts.prompt, variables, record.options);
  for (size_t i = 0; i < record.options.size(); ++i) {
    const std::string letter = option_letter(static_cast<int>(i));
    if (parts.ranking == Ranking::kPplNoOption)
      record.continuations.push_back(record.options[i]);
    else if (parts.ranking == Ranking::kPpl)
      record.continuations.push_back(letter + ". " + without_leading_blanks(record.options[i]));
    else
      record.continuations.push_back(letter);
  }
  record.target = record.continuations[record.answer];
  return record;
}

std::optional<std::string> RecordMaker::content_free(const Record&) const {
  const bool by_loss = parts_->ranking == Ranking::kPplNoOption || parts_->ranking == Ranking::kPpl;
  if (!parts_->content_free || !by_loss) return std::nullopt;
  return parts_->content_free->render(Json::object());
}

std::string RecordMaker::document(const Json& row, size_t) const {
  return parts_->source_filter(as_text(evaluate(*parts_->text, parts_->variables(row))));
}

}  // namespace llmbox
