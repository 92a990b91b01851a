// How far a run is: what a checkpoint stores beside weights and optimizer, and what trainer_state.json shows. All of it
// is restored, so that a resumed run writes the lines an uninterrupted one would have written.
#pragma once

#include <cstdint>

#include "core/json.h"

namespace llmbox {

struct RunState {
  int64_t step = 0;  // optimizer steps done
  int64_t total_steps = 0;
  double epoch = 0;
  double window_loss = 0;  // sum of step losses since the last log line
  int64_t window_steps = 0;
  int64_t window_tokens = 0;
  double loss_total = 0;  // sum of step losses of the whole run
  int64_t tokens = 0;     // tokens computed
  double seconds = 0;     // training time of all sessions
  Json log_history = Json::array();
  Json loader;  // position in the data

  /// transformers' keys, with what it does not know under "llmbox".
  Json to_json() const;
  /// Throws Error naming `where` for what is none of ours.
  static RunState from_json(const Json& json, const std::string& where);
};

}  // namespace llmbox
