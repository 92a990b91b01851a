#include "arch/shape/norm.h"

namespace llmbox {

NormSpec head_norm_like(const NormSpec& like, const std::string& name, int64_t size, int64_t heads) {
  NormSpec norm = like;
  norm.name = name;
  norm.size = size;
  norm.heads = heads;
  return norm;
}

}  // namespace llmbox
