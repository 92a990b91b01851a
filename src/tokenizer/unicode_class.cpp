#include "tokenizer/unicode_class.h"

#include <utf8proc.h>

#include <map>

namespace llmbox {

namespace {

bool is_white_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Ranges whose members neither decompose nor compose with one another: a cheap sufficient test, not the whole property.
bool is_nfc_stable(uint32_t c) {
  return c < 0x300 || (c >= 0x388 && c <= 0x3FF) || (c >= 0x400 && c <= 0x482) || (c >= 0x48A && c <= 0x52F) ||
         (c >= 0x2010 && c <= 0x20CF) || (c >= 0x3001 && c <= 0x3029) || (c >= 0x3041 && c <= 0x3096) ||
         (c >= 0x30A0 && c <= 0x30FF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x1F300 && c <= 0x1FAFF);
}

uint8_t category_flags(utf8proc_category_t category) {
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return kLetter;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return kMark;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return kNumber;
  if (category == UTF8PROC_CATEGORY_PC) return kPunctuation | kWordJoiner;
  if (category >= UTF8PROC_CATEGORY_PD && category <= UTF8PROC_CATEGORY_PO) return kPunctuation;
  if (category >= UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CN) return kControl;
  return 0;
}

uint8_t flags_of(uint32_t c) {
  uint8_t flags = category_flags(utf8proc_category(static_cast<utf8proc_int32_t>(c)));
  if (is_white_space(c)) flags |= kSpace;
  if (is_nfc_stable(c)) flags |= kNfcStable;
  return flags;
}

}  // namespace

const UnicodeClasses& UnicodeClasses::get() {
  static const UnicodeClasses classes;
  return classes;
}

UnicodeClasses::UnicodeClasses() {
  std::map<std::array<uint8_t, 256>, uint16_t> seen;
  for (uint32_t high = 0; high < index_.size(); ++high) {
    std::array<uint8_t, 256> block;
    for (uint32_t low = 0; low < 256; ++low) block[low] = flags_of(high << 8 | low);
    auto [place, is_new] = seen.emplace(block, static_cast<uint16_t>(blocks_.size()));
    if (is_new) blocks_.push_back(block);
    index_[high] = place->second;
  }
}

}  // namespace llmbox
