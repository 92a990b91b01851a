// Norms of single heads, for families that write them like the norms of their layers.
#pragma once

#include <string>

#include "arch/spec.h"

namespace llmbox {

/// `like` under another name over vectors of `size`; heads: one weight row for each of so many heads.
NormSpec head_norm_like(const NormSpec& like, const std::string& name, int64_t size, int64_t heads = NormSpec{}.heads);

}  // namespace llmbox
