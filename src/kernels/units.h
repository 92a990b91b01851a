// The unit of a product's inner dimension: one float, or two neighbouring bf16 seen as one 32-bit word (vdpbf16ps).
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/bf16.h"

namespace llmbox {

template <class T>
inline constexpr int64_t kUnitSize = std::is_same_v<T, Bf16> ? 2 : 1;

template <class T>
using UnitOf = std::conditional_t<std::is_same_v<T, Bf16>, uint32_t, float>;

inline const float* as_units(const float* p) { return p; }
inline const uint32_t* as_units(const Bf16* p) { return reinterpret_cast<const uint32_t*>(p); }

}  // namespace llmbox
