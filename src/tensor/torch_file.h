// Files that torch.save wrote: a zip of data.pkl and one entry per storage, or the older stream of pickles and raw
// storages (before torch 1.6). Storages are mapped, not copied. Refused with an Error naming the file and the place:
// anything but a dict of tensors, storages that leave the file, strides that leave the storage, big-endian files.
#pragma once

#include <filesystem>

#include "tensor/weight_map.h"

namespace llmbox {

WeightMap open_torch_file(const std::filesystem::path& path);

/// The zip form, each tensor with a storage of its own, read when its turn comes. Whole or not at all. Error: a dtype
/// that torch has no storage for.
void save_torch_file(const std::filesystem::path& path, const NamedWeights& weights);

}  // namespace llmbox
