// Learning-rate schedules under transformers' names: step number → rate. The values equal transformers' in double
// precision. A schedule is a pure function of the step, so resuming needs no state.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/json.h"

namespace llmbox {

struct ScheduleOptions {
  double base_lr = 5e-5;
  int64_t warmup_steps = 0;
  int64_t total_steps = 0;  // of the whole run
  Json kwargs;              // lr_scheduler_kwargs: null or an object
};

/// The rate used at step 0, 1, ...
using Schedule = std::function<double(int64_t step)>;

struct ScheduleKind {
  const char* name;
  const char* summary;
  Schedule (*make)(const ScheduleOptions& options);  // gives the factor on base_lr
};

std::span<const ScheduleKind> schedule_kinds();

/// Throws Error for an unknown name (naming the nearest) and for unknown or badly typed kwargs.
Schedule make_schedule(const std::string& name, const ScheduleOptions& options);

}  // namespace llmbox
