// config.json: any text is a model whose parameters can be listed, or refused.
#include "arch/spec.h"
#include "fuzz/target.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  may_refuse([&] {
    const ModelSpec spec = parse_model_spec(parse_json(std::string(bytes), "config.json"), "config.json");
    constexpr int64_t kMostLayers = 1000;
    if (spec.n_layer() <= kMostLayers) parameter_count(spec);
  });
}

}  // namespace llmbox
