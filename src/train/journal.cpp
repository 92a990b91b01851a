#include "train/journal.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace llmbox {
namespace {

constexpr double kWidth = 720, kHeight = 400, kMargin = 56;

struct Curve {
  std::vector<double> steps, values;
};

Curve curve_of(const Json& history, const char* key) {
  Curve out;
  for (const Json& line : history) {
    if (!line.contains(key) || !line[key].is_number()) continue;
    out.steps.push_back(line["step"].get<double>());
    out.values.push_back(line[key].get<double>());
  }
  return out;
}

struct Frame {
  double first_step, last_step, low, high;
  std::string point(double step, double value) const {
    double x = kMargin + (kWidth - 2 * kMargin) * (step - first_step) / std::max(1.0, last_step - first_step);
    double y = kHeight - kMargin - (kHeight - 2 * kMargin) * (value - low) / std::max(1e-9, high - low);
    return fmt::format("{:.1f},{:.1f} ", x, y);
  }
  std::string line(const Curve& curve, const char* style) const {
    std::string points;
    for (size_t i = 0; i < curve.steps.size(); ++i) points += point(curve.steps[i], curve.values[i]);
    return fmt::format("<polyline fill=\"none\" {} points=\"{}\"/>\n", style, points);
  }
};

std::string axis_labels(const Frame& frame) {
  auto text = [](double x, double y, const char* anchor, const std::string& label) {
    return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, label);
  };
  return text(kMargin, kHeight - kMargin / 2, "start", fmt::format("{:.0f}", frame.first_step)) +
         text(kWidth - kMargin, kHeight - kMargin / 2, "end", fmt::format("{:.0f} steps", frame.last_step)) +
         text(kMargin - 6, kHeight - kMargin, "end", fmt::format("{:.3f}", frame.low)) +
         text(kMargin - 6, kMargin + 4, "end", fmt::format("{:.3f}", frame.high)) +
         text(kWidth / 2, kMargin / 2, "middle", "training loss");
}

}  // namespace

TrainJournal::TrainJournal(const std::filesystem::path& output_dir, int64_t step) {
  const std::filesystem::path path = output_dir / "trainer_log.jsonl";
  std::string kept;
  if (step > 0)
    for (const Json& line : read_journal(path))
      if (line.value("current_steps", int64_t{0}) <= step) kept += line.dump() + "\n";
  write_file_atomically(path, kept);
  file_ = std::make_unique<JournalFile>(path);
}

void write_results(const std::filesystem::path& output_dir, const std::string& split, const Json& metrics) {
  write_file_atomically(output_dir / (split + "_results.json"), metrics.dump(4) + "\n");
  const std::filesystem::path all_path = output_dir / "all_results.json";
  Json all = std::filesystem::exists(all_path) ? read_json_file(all_path) : Json::object();
  for (const auto& [key, value] : metrics.items()) all[key] = value;
  write_file_atomically(all_path, all.dump(4) + "\n");
}

std::vector<double> smooth_curve(const std::vector<double>& values) {
  std::vector<double> out;
  if (values.empty()) return out;
  const double weight = 1.8 * (1.0 / (1.0 + std::exp(-0.05 * static_cast<double>(values.size()))) - 0.5);
  double last = values[0];
  for (double value : values) {
    last = last * weight + (1 - weight) * value;
    out.push_back(last);
  }
  return out;
}

void write_loss_curve(const std::filesystem::path& path, const Json& log_history) {
  Curve loss = curve_of(log_history, "loss"), eval = curve_of(log_history, "eval_loss");
  if (loss.values.empty()) return;
  auto [low, high] = std::minmax_element(loss.values.begin(), loss.values.end());
  Frame frame{loss.steps.front(), loss.steps.back(), *low, *high};
  for (double value : eval.values) {
    frame.low = std::min(frame.low, value);
    frame.high = std::max(frame.high, value);
  }
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, kHeight);
  svg += axis_labels(frame);
  svg += frame.line(loss, "stroke=\"#1f77b4\" stroke-opacity=\"0.4\"");
  svg += frame.line({loss.steps, smooth_curve(loss.values)}, "stroke=\"#1f77b4\" stroke-width=\"2\"");
  if (!eval.values.empty()) svg += frame.line(eval, "stroke=\"#d62728\" stroke-width=\"2\"");
  write_file_atomically(path, svg + "</svg>\n");
}

}  // namespace llmbox
