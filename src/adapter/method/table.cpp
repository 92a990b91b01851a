#include "adapter/method/method.h"

namespace llmbox {

namespace {

constexpr AdapterMethod kMethods[] = {
    {"LORA", "low-rank sum, also rsLoRA and DoRA", wrap_lora},
    {"ADALORA", "low-rank sum with singular values", wrap_adalora},
    {"HRA", "Householder reflections of the input", wrap_hra},
    {"IA3", "scales of outputs or inputs", wrap_ia3},
    {"LOHA", "elementwise product of two low-rank sums", wrap_loha},
    {"LOKR", "Kronecker product", wrap_lokr},
    {"OFT", "block-diagonal rotation of the input", wrap_oft},
    {"VERA", "low-rank sum of shared random matrices with scales", wrap_vera},
};

}  // namespace

std::span<const AdapterMethod> adapter_methods() { return kMethods; }

}  // namespace llmbox
