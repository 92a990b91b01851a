#include "data/loader.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace llmbox {

DataLoader::DataLoader(const LoaderOptions& options) : options_(options) {
  CHECK(options.n_units > 0 && options.batch_size > 0 && options.accumulation > 0, "{} units, batch {} × {}",
        options.n_units, options.batch_size, options.accumulation);
  start_epoch(0);
}

void DataLoader::start_epoch(int64_t epoch) {
  epoch_ = epoch;
  position_ = 0;
  order_.resize(static_cast<size_t>(options_.n_units));
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.shuffle) Rng(options_.seed, static_cast<uint64_t>(epoch)).shuffle(order_);
}

std::vector<std::vector<int64_t>> DataLoader::next_step() {
  if (position_ == options_.n_units) start_epoch(epoch_ + 1);
  std::vector<std::vector<int64_t>> batches;
  for (int64_t i = 0; i < options_.accumulation && position_ < options_.n_units; ++i) {
    int64_t end = std::min(options_.n_units, position_ + options_.batch_size);
    batches.emplace_back(order_.begin() + position_, order_.begin() + end);
    position_ = end;
  }
  return batches;
}

int64_t DataLoader::steps_per_epoch() const {
  int64_t per_step = options_.batch_size * options_.accumulation;
  return (options_.n_units + per_step - 1) / per_step;
}

double DataLoader::epoch() const {
  return static_cast<double>(epoch_) + static_cast<double>(position_) / static_cast<double>(options_.n_units);
}

Json DataLoader::state() const {
  return {{"epoch", epoch_},
          {"position", position_},
          {"n_units", options_.n_units},
          {"batch_size", options_.batch_size},
          {"accumulation", options_.accumulation},
          {"seed", options_.seed},
          {"shuffle", options_.shuffle}};
}

void DataLoader::set_state(const Json& state) {
  Json ours = this->state();
  for (const auto& [key, value] : ours.items()) {
    if (!state.contains(key)) fail("resume", "expected '{}' in the checkpoint's data position, got none", key);
    if (key == "epoch" || key == "position") continue;
    if (state[key] != value)
      fail("resume", "expected the data of the checkpoint ({} {}), got {}; try overwrite_output_dir=true for a new run",
           key, state[key].dump(), value.dump());
  }
  start_epoch(state["epoch"]);
  position_ = state["position"];
}

}  // namespace llmbox
