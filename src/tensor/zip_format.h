// What a ZIP archive's reader and writer both know: signatures of its records (PKWARE's APPNOTE.TXT, sections 4.3.7,
// 4.3.12, 4.3.14, 4.3.15 and 4.3.16) and the marks of sizes beyond 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace llmbox::zip {

inline constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
inline constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
inline constexpr size_t kLocalSize = 30;
inline constexpr uint16_t kZip64Extra = 1;
inline constexpr uint32_t kIn64 = 0xffffffff;  // a field whose value lies in the zip64 record

}  // namespace llmbox::zip
