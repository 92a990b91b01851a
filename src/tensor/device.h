// The devices this process can compute on. The binary links the CPU half of libtorch only; where an NVIDIA driver is
// present, libtorch_cuda.so is opened at the first question, so one binary serves both. Thread-safe.
#pragma once

#include <c10/core/Device.h>

#include <string_view>

namespace llmbox {

/// True where a driver, a GPU and libtorch's CUDA library are all there.
bool cuda_available();

/// "auto" (the GPU where there is one), "cpu", "cuda" or "cuda:N". Throws Error naming what is missing.
c10::Device parse_device(std::string_view text, std::string_view where);

}  // namespace llmbox
