// The steps that a GGUF layout is made of; each adds a tensor to both sides, with the change between them and its
// inverse. `gguf` is a name without ".weight" where a whole layer is meant, else the full name.
#pragma once

#include "model/gguf/layout.h"

namespace llmbox {

/// Row i of the GGUF tensor is row order[i] of the hub's; empty: as they are.
using RowOrder = std::vector<int64_t>;

void append_rows(RowOrder& rows, int64_t first, int64_t count);

/// What happens to a linear layer on its way into GGUF; the way back undoes it.
struct LinearChange {
  RowOrder order{};
  double in_scale = 1;               // on its input: into the weight
  std::vector<double> out_scales{};  // on its output, one a row or one for all: into weight and bias; empty: 1
};

class LayoutBuilder {
 public:
  /// One tensor under two names; `shape` is GGUF's, of as many values as the hub's.
  void tensor(const std::string& hub, std::vector<int64_t> hub_shape, const std::string& gguf,
              std::vector<int64_t> shape);
  void tensor(const std::string& hub, const std::vector<int64_t>& shape, const std::string& gguf) {
    tensor(hub, shape, gguf, shape);
  }
  /// One to one, with a change of values and its inverse.
  void changed(const std::string& hub, std::vector<int64_t> hub_shape, GgufTensor gguf, TensorJoin back);
  void linear(const LinearSpec& spec, const std::string& gguf, const LinearChange& change = {});
  /// Rows of one linear layer as several; the orders hold each of its rows once.
  void split(const LinearSpec& spec, const std::vector<std::pair<std::string, RowOrder>>& parts);
  /// A second tensor of GGUF from one of the hub's, times scale.
  void copied(const std::string& hub, const std::vector<int64_t>& shape, const std::string& gguf, double scale);
  void norm(const std::optional<NormSpec>& spec, const std::string& gguf, const char* end = ".weight");
  /// The weights of linear layers of one shape, on top of each other.
  void stacked(const std::vector<LinearSpec>& specs, const std::string& gguf);
  /// Hub tensors of `shape` on top of each other.
  void stacked_tensors(const std::vector<std::string>& hubs, const std::vector<int64_t>& shape,
                       const std::string& gguf);
  /// One hub tensor made of several of GGUF's. Each is made from it by its own join.
  void joined(const std::string& hub, std::vector<int64_t> hub_shape, std::vector<GgufTensor> gguf, TensorJoin back);

  GgufLayout take() { return std::move(layout_); }

 private:
  GgufLayout layout_;
};

}  // namespace llmbox
