#include "train/run_state.h"

#include "core/error.h"

namespace llmbox {

Json RunState::to_json() const {
  Json out;
  out["best_metric"] = nullptr;
  out["best_model_checkpoint"] = nullptr;
  out["epoch"] = epoch;
  out["global_step"] = step;
  out["max_steps"] = total_steps;
  out["num_input_tokens_seen"] = tokens;
  out["is_local_process_zero"] = true;
  out["is_world_process_zero"] = true;
  out["log_history"] = log_history;
  out["llmbox"] = {{"window_loss", window_loss}, {"window_steps", window_steps}, {"window_tokens", window_tokens},
                   {"loss_total", loss_total},   {"seconds", seconds},           {"loader", loader}};
  return out;
}

RunState RunState::from_json(const Json& json, const std::string& where) {
  try {
    RunState out;
    const Json& own = json.at("llmbox");
    out.step = json.at("global_step");
    out.total_steps = json.at("max_steps");
    out.epoch = json.at("epoch");
    out.tokens = json.at("num_input_tokens_seen");
    out.log_history = json.at("log_history");
    out.window_loss = own.at("window_loss");
    out.window_steps = own.at("window_steps");
    out.window_tokens = own.at("window_tokens");
    out.loss_total = own.at("loss_total");
    out.seconds = own.at("seconds");
    out.loader = own.at("loader");
    return out;
  } catch (const Json::exception& error) {
    fail(where, "expected the state of a run of llmbox, got something else ({}); try overwrite_output_dir=true",
         error.what());
  }
}

}  // namespace llmbox
