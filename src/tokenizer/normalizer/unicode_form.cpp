// NFC, NFD, NFKC, NFKD.
#include "core/error.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"
#include "tokenizer/unicode_class.h"

namespace llmbox {

namespace {

// True for most texts that are in form NFC already, never for one that is not.
bool is_surely_nfc(std::string_view text) {
  if (is_ascii(text)) return true;
  const UnicodeClasses& classes = UnicodeClasses::get();
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    CodePoint c = read_code_point(text.data() + i);
    if (!(classes.flags(c.value) & kNfcStable)) return false;
    i += c.length;
  }
  return true;
}

class UnicodeForm : public Normalizer {
 public:
  UnicodeForm(int options, bool is_nfc) : options_(options), is_nfc_(is_nfc) {}
  void apply(EditedText& text) const override {
    if (may_change(text.text())) unicode_form(text, options_);
  }
  bool may_change(std::string_view text) const override { return is_nfc_ ? !is_surely_nfc(text) : !is_ascii(text); }

 private:
  int options_;
  bool is_nfc_;
};

}  // namespace

NormalizerPtr make_unicode_form_normalizer(const Json& description) {
  std::string type = description.value("type", "");
  int direction = type.back() == 'C' ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  int compatibility = type.size() == 4 ? UTF8PROC_COMPAT : 0;
  return std::make_unique<UnicodeForm>(direction | compatibility, type == "NFC");
}

}  // namespace llmbox
