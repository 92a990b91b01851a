#include "kernels/block_fit_over_lanes.h"
#include "kernels/lanes_avx512.h"

namespace llmbox {

BlockFitKernels avx512_block_fit_kernels() { return BlockFitOver<Avx512Lanes>::table(); }

}  // namespace llmbox
