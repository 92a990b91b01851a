// Which tensor of a GGUF file holds which of the hub's, worked out from the ModelSpec: llama.cpp names parts by what
// they are, and the spec says what they are, so a family needs no list of names. Where its converter changes values
// (w + 1 of Gemma's norms, rows of q and k in another order, experts in one tensor) both directions are here. Refused
// with an Error naming the part: what GGUF has no place for.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "arch/spec.h"
#include "model/gguf/family.h"

namespace llmbox {

/// Makes one tensor out of its parts; empty: the only part as it is.
using TensorJoin = std::function<at::Tensor(const std::vector<at::Tensor>& parts)>;

/// A tensor of a GGUF file, or `count` entries of its first dimension (0: all).
struct GgufSlice {
  std::string name;
  int64_t first = 0, count = 0;
};

struct GgufTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<std::string> parts;  // hub names
  TensorJoin join;
};

struct HubTensor {
  std::vector<int64_t> shape;  // as the hub's file has it
  std::vector<GgufSlice> parts;
  TensorJoin join;
  bool turned = false;  // a linear layer whose file holds (in, out); GGUF holds (out, in)
};

struct GgufLayout {
  std::vector<GgufTensor> gguf;          // in the order of the forward
  std::map<std::string, HubTensor> hub;  // every parameter of the spec
};

/// halved_every: n > 0: what the branches of layer i give was halved i / n times (RWKV's converter).
GgufLayout gguf_layout(const ModelSpec& spec, const GgufFamily& family, int64_t halved_every = 0);

}  // namespace llmbox
