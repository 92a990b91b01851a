#include "tensor/embedding.h"

namespace llmbox {

at::Tensor embedding(const at::Tensor& weight, const at::Tensor& ids) { return at::embedding(weight, ids); }

}  // namespace llmbox
