#include "tensor/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <filesystem>
#include <string>

#include "core/error.h"

namespace llmbox {
namespace {

/// What stands in the way of CUDA; empty where nothing does.
std::string open_cuda() {
  if (!std::filesystem::exists("/dev/nvidiactl")) return "no NVIDIA driver (/dev/nvidiactl)";
  // Its static initialisers register the CUDA backend; libtorch's look-up for it happens once, so this comes first.
  if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return dlerror();
  return at::globalContext().hasCUDA() ? "" : "libtorch finds no GPU";
}

const std::string& cuda_obstacle() {
  static const std::string obstacle = open_cuda();
  return obstacle;
}

}  // namespace

bool cuda_available() { return cuda_obstacle().empty(); }

c10::Device parse_device(std::string_view text, std::string_view where) {
  if (text == "cpu") return c10::kCPU;
  if (text == "auto") return cuda_available() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  const bool is_cuda =
      text == "cuda" || (text.starts_with("cuda:") && text.size() > 5 &&
                         text.find_first_not_of("0123456789", 5) == std::string_view::npos && text.size() < 8);
  if (!is_cuda) fail(where, "expected device auto, cpu, cuda or cuda:N, got '{}'; try auto", text);
  if (!cuda_available()) fail(where, "expected a GPU for device '{}', got: {}; try device cpu", text, cuda_obstacle());
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(text == "cuda" ? 0 : std::stoi(std::string(text.substr(5))))};
}

}  // namespace llmbox
