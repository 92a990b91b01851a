// From an AttentionShape to what the kernels take: scaling numbers, and one slope and one sink a query head. Private to
// tensor/.
#pragma once

#include "tensor/kernel_access.h"
#include "tensor/segment_attention.h"

namespace llmbox {

class KernelShape {
 public:
  explicit KernelShape(const AttentionShape& shape)
      : scaling_{static_cast<float>(shape.scale), static_cast<float>(shape.softcap), shape.window, shape.chunked},
        slopes_(as_floats(shape.slopes)),
        sinks_(as_floats(shape.sinks)) {}

  const AttentionScaling& scaling() const { return scaling_; }
  float slope(int64_t head) const { return slopes_.defined() ? slopes_.const_data_ptr<float>()[head] : 0.0f; }

  template <class T>
  void begin_tile(ForwardTile<T>& tile) const {
    tile.scaling = scaling_;
    tile.has_slopes = slopes_.defined();
    tile.has_sinks = sinks_.defined();
  }
  /// Query i of the tile belongs to this head.
  template <class T>
  void set_head(ForwardTile<T>& tile, int64_t i, int64_t head) const {
    if (tile.has_slopes) tile.slope[i] = slope(head);
    if (tile.has_sinks) tile.sink[i] = sinks_.const_data_ptr<float>()[head];
  }

 private:
  static at::Tensor as_floats(const at::Tensor& t) {
    return t.defined() ? t.detach().to(at::kCPU, at::kFloat).contiguous() : t;
  }

  AttentionScaling scaling_;
  at::Tensor slopes_, sinks_;
};

}  // namespace llmbox
