#include "quant/format/format.h"

namespace llmbox {

namespace {

constexpr QuantFormat kFormats[] = {
    {"awq", "4 bits in groups, columns interleaved (AutoAWQ's GEMM layout)", pack_awq},
    {"bitsandbytes", "8 bits with row scales; nf4 and fp4 in blocks, scales quantized or not", pack_bitsandbytes},
    {"compressed-tensors", "packed 4 and 8 bits, int8 and fp8 with scales", pack_compressed_tensors},
    {"fp8", "float8 with a scale per block (DeepSeek-V3)", pack_fp8},
    {"gptq", "2, 3, 4 and 8 bits in groups, in any order of columns", pack_gptq},
    {"hqq", "1, 2, 3, 4 and 8 bits with real zeros", pack_hqq},
    {"mxfp4", "4-bit floats with a power of two per 32 (gpt-oss)", pack_mxfp4},
};

}  // namespace

std::span<const QuantFormat> quant_formats() { return kFormats; }

}  // namespace llmbox
