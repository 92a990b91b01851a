#include "tokenizer/unicode_class.h"

#include <utf8proc.h>

#include <map>

namespace llmbox {

namespace {

bool is_white_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Whether the character has no canonical decomposition and joins none before it, or is a Latin letter or Hangul
// syllable that composes again: a text of such characters alone is in form NFC.
bool is_nfc_stable(uint32_t c) {
  if (c < 0x300 || (c >= 0xAC00 && c <= 0xD7A3)) return true;
  if ((c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF)) return false;
  const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  bool mark = property->category >= UTF8PROC_CATEGORY_MN && property->category <= UTF8PROC_CATEGORY_ME;
  bool decomposes = property->decomp_seqindex != UINT16_MAX && property->decomp_type == 0;
  return !mark && !decomposes && property->combining_class == 0;
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
  // Planes 4 to 13 hold no characters: their blocks are all as the first of them.
  constexpr uint32_t kEmptyBegin = 0x400, kEmptyEnd = 0xE00;
  std::map<std::array<uint8_t, 256>, uint16_t> seen;
  for (uint32_t high = 0; high < index_.size(); ++high) {
    if (high > kEmptyBegin && high < kEmptyEnd) {
      index_[high] = index_[kEmptyBegin];
      continue;
    }
    std::array<uint8_t, 256> block;
    for (uint32_t low = 0; low < 256; ++low) block[low] = flags_of(high << 8 | low);
    auto [place, is_new] = seen.emplace(block, static_cast<uint16_t>(blocks_.size()));
    if (is_new) blocks_.push_back(block);
    index_[high] = place->second;
  }
}

}  // namespace llmbox
