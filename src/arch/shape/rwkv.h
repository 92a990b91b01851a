// RWKV 4 to 6 under transformers' names: rwkv.blocks.N with attention and feed_forward, layer norms before both and one
// on the embedding.
#pragma once

#include "arch/config_reader.h"

namespace llmbox {

struct RwkvShape {
  int version = 4;
  int64_t inner = 0;                     // of the channel mix, where the config does not say
  int64_t n_head = 1;                    // of head_dim each
  int64_t mix_rank = 0, decay_rank = 0;  // 6: of the low-rank parts
};

ModelSpec rwkv_spec(const ConfigReader& config, const RwkvShape& shape);

/// Channels of the attention.
int64_t rwkv_channels(const ConfigReader& config);
/// 5 and 6: heads of head_size channels, an inner size of 3.5 times the hidden one in whole 32s.
RwkvShape rwkv_headed_shape(const ConfigReader& config, int version);

}  // namespace llmbox
