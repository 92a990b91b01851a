#include "kernels/block_fit_over_lanes.h"
#include "kernels/lanes_portable.h"

namespace llmbox {

BlockFitKernels portable_block_fit_kernels() { return BlockFitOver<PortableLanes>::table(); }

}  // namespace llmbox
