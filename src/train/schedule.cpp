#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

constexpr double kPi = std::numbers::pi;

/// The schedule's own arguments: typed look-up with a default, and a check that nothing unknown was given.
class Kwargs {
 public:
  Kwargs(const ScheduleOptions& options, std::vector<std::string> known) {
    if (options.kwargs.is_null()) return;
    if (!options.kwargs.is_object()) fail("lr_scheduler_kwargs", "expected an object, got {}", options.kwargs.dump());
    values_ = options.kwargs;
    for (const auto& [key, value] : values_.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail("lr_scheduler_kwargs", "expected one of this schedule's arguments, got '{}'; try {}", key,
             known.empty() ? "none" : near_names(key, known));
  }
  bool has(const char* key) const { return values_.contains(key) && !values_.at(key).is_null(); }
  double number(const char* key, double fallback) const {
    if (!has(key)) return fallback;
    if (!values_.at(key).is_number())
      fail("lr_scheduler_kwargs", "expected a number for '{}', got {}", key, values_.at(key).dump());
    return values_.at(key).get<double>();
  }
  std::string text(const char* key, std::string fallback) const {
    return has(key) && values_.at(key).is_string() ? values_.at(key).get<std::string>() : fallback;
  }

 private:
  Json values_ = Json::object();
};

struct Span {
  double warmup, total;
  explicit Span(const ScheduleOptions& o)
      : warmup(static_cast<double>(o.warmup_steps)), total(static_cast<double>(o.total_steps)) {}
  double warm(double step) const { return step / std::max(1.0, warmup); }
  double progress(double step) const { return (step - warmup) / std::max(1.0, total - warmup); }
};

double cosine(double turns) { return 0.5 * (1.0 + std::cos(kPi * turns)); }

Schedule make_linear(const ScheduleOptions& options) {
  Kwargs check(options, {});
  return [s = Span(options)](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup) return s.warm(t);
    return std::max(0.0, (s.total - t) / std::max(1.0, s.total - s.warmup));
  };
}

Schedule make_cosine(const ScheduleOptions& options) {
  double cycles = Kwargs(options, {"num_cycles"}).number("num_cycles", 0.5);
  return [s = Span(options), cycles](int64_t step) {
    double t = static_cast<double>(step);
    return t < s.warmup ? s.warm(t) : std::max(0.0, cosine(cycles * 2.0 * s.progress(t)));
  };
}

Schedule make_cosine_restarts(const ScheduleOptions& options) {
  double cycles = Kwargs(options, {"num_cycles"}).number("num_cycles", 1);
  return [s = Span(options), cycles](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup) return s.warm(t);
    if (s.progress(t) >= 1.0) return 0.0;
    return std::max(0.0, cosine(std::fmod(cycles * s.progress(t), 1.0)));
  };
}

Schedule make_polynomial(const ScheduleOptions& options) {
  Kwargs kwargs(options, {"lr_end", "power"});
  double end = kwargs.number("lr_end", 1e-7), power = kwargs.number("power", 1.0), base = options.base_lr;
  if (end >= base) fail("lr_scheduler_kwargs", "expected lr_end below learning_rate {}, got {}", base, end);
  return [s = Span(options), end, power, base](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup) return s.warm(t);
    if (t > s.total) return end / base;
    double left = 1.0 - (t - s.warmup) / (s.total - s.warmup);
    return ((base - end) * std::pow(left, power) + end) / base;
  };
}

Schedule make_constant(const ScheduleOptions& options) {
  Kwargs check(options, {});
  return [](int64_t) { return 1.0; };
}

Schedule make_constant_with_warmup(const ScheduleOptions& options) {
  Kwargs check(options, {});
  return [s = Span(options)](int64_t step) {
    double t = static_cast<double>(step);
    return t < s.warmup ? s.warm(t) : 1.0;
  };
}

Schedule make_inverse_sqrt(const ScheduleOptions& options) {
  double fallback = options.warmup_steps > 0 ? static_cast<double>(options.warmup_steps) : 10000.0;
  double timescale = Kwargs(options, {"timescale"}).number("timescale", fallback);
  return [s = Span(options), timescale](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup) return s.warm(t);
    return 1.0 / std::sqrt((t + timescale - s.warmup) / timescale);
  };
}

double min_rate(const Kwargs& kwargs, double base_lr) {
  if (kwargs.has("min_lr") == kwargs.has("min_lr_rate"))
    fail("lr_scheduler_kwargs", "expected either min_lr or min_lr_rate, got {}",
         kwargs.has("min_lr") ? "both" : "none");
  return kwargs.has("min_lr") ? kwargs.number("min_lr", 0) / base_lr : kwargs.number("min_lr_rate", 0);
}

Schedule make_cosine_min(const ScheduleOptions& options) {
  Kwargs kwargs(options, {"min_lr", "min_lr_rate", "num_cycles"});
  double least = min_rate(kwargs, options.base_lr), cycles = kwargs.number("num_cycles", 0.5);
  return [s = Span(options), least, cycles](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup) return s.warm(t);
    return std::max(0.0, cosine(cycles * 2.0 * s.progress(t)) * (1 - least) + least);
  };
}

Schedule make_cosine_warmup_min(const ScheduleOptions& options) {
  Kwargs kwargs(options, {"min_lr", "min_lr_rate", "num_cycles", "warmup_lr_rate"});
  double least = min_rate(kwargs, options.base_lr), cycles = kwargs.number("num_cycles", 0.5);
  double first = kwargs.number("warmup_lr_rate", -1);  // below 0: not given
  return [s = Span(options), least, cycles, first](int64_t step) {
    double t = static_cast<double>(step);
    if (t < s.warmup && first < 0) return s.warm(t + 1.0);
    if (t < s.warmup) return first + (1.0 - first) * t / std::max(1.0, s.warmup - 1);
    return std::max(0.0, cosine(cycles * 2.0 * s.progress(t + 1.0)) * (1 - least) + least);
  };
}

/// Rising ramp of a warmup-stable-decay schedule, 0 → 1.
double ramp_up(const std::string& type, double progress) {
  if (type == "linear") return progress;
  if (type == "cosine") return 0.5 * (1.0 - std::cos(kPi * progress));
  return 1.0 - std::sqrt(1.0 - progress);
}

double ramp_down(const std::string& type, double progress, double cycles) {
  if (type == "linear") return 1.0 - progress;
  if (type == "cosine") return cosine(cycles * 2.0 * progress);
  return 1.0 - std::sqrt(progress);
}

std::string ramp_type(const Kwargs& kwargs, const char* key, const char* fallback) {
  std::string type = kwargs.text(key, fallback);
  if (type != "linear" && type != "cosine" && type != "1-sqrt")
    fail("lr_scheduler_kwargs", "expected linear, cosine or 1-sqrt for '{}', got '{}'", key, type);
  return type;
}

Schedule make_warmup_stable_decay(const ScheduleOptions& options) {
  Kwargs kwargs(options,
                {"num_stable_steps", "num_decay_steps", "warmup_type", "decay_type", "min_lr_ratio", "num_cycles"});
  Span s(options);
  double room = s.total - s.warmup;
  double decay = kwargs.number("num_decay_steps", -1);
  double stable = kwargs.number("num_stable_steps", decay >= 0 ? room - decay : std::floor(room / 3));
  if (decay < 0) decay = room - stable;
  std::string up = ramp_type(kwargs, "warmup_type", "linear"), down = ramp_type(kwargs, "decay_type", "cosine");
  double least = kwargs.number("min_lr_ratio", 0), cycles = kwargs.number("num_cycles", 0.5);
  return [=](int64_t step) {
    double t = static_cast<double>(step), decay_start = s.warmup + stable;
    if (t < s.warmup) return std::max(0.0, ramp_up(up, s.warm(t)) * (1.0 - least) + least);
    if (t < decay_start) return 1.0;
    if (t >= decay_start + decay) return least;
    return std::max(0.0, ramp_down(down, (t - decay_start) / std::max(1.0, decay), cycles) * (1.0 - least) + least);
  };
}

constexpr ScheduleKind kSchedules[] = {
    {"linear", "rises in warmup, then falls in a line to 0", make_linear},
    {"cosine", "half a cosine to 0", make_cosine},
    {"cosine_with_restarts", "num_cycles cosines, each from the top", make_cosine_restarts},
    {"polynomial", "falls to lr_end with a power", make_polynomial},
    {"constant", "the base rate throughout", make_constant},
    {"constant_with_warmup", "the base rate after the warmup", make_constant_with_warmup},
    {"inverse_sqrt", "1/sqrt(step) after the warmup", make_inverse_sqrt},
    {"cosine_with_min_lr", "half a cosine to min_lr", make_cosine_min},
    {"cosine_warmup_with_min_lr", "warmup from warmup_lr_rate, then a cosine to min_lr", make_cosine_warmup_min},
    {"warmup_stable_decay", "warmup, plateau, decay", make_warmup_stable_decay},
};

}  // namespace

std::span<const ScheduleKind> schedule_kinds() { return kSchedules; }

Schedule make_schedule(const std::string& name, const ScheduleOptions& options) {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : kSchedules) {
    names.emplace_back(kind.name);
    if (name == kind.name)
      return [factor = kind.make(options), base = options.base_lr](int64_t step) { return base * factor(step); };
  }
  fail("lr_scheduler_type", "expected a schedule, got '{}'; try {}", name, near_names(name, names));
}

}  // namespace llmbox
