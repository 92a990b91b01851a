// NFC, NFD, NFKC, NFKD.
#include "core/error.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"
#include "tokenizer/unicode_class.h"

namespace llmbox {

namespace {

bool is_stable(uint32_t c) { return UnicodeClasses::get().flags(c) & kNfcStable; }

// A text in which only the parts that may not be in form NFC are composed: an unstable run with the character before
// it. Nothing before a stable character joins it.
void compose(TextEdit& edit) {
  std::string_view text = edit.rest();
  size_t kept = 0, previous = 0;  // begin of the last stable character
  for (size_t i = 0; i < text.size();) {
    CodePoint c = read_code_point(text.data() + i);
    if (is_stable(c.value)) {
      previous = i;
      i += c.length;
      continue;
    }
    do i += c.length;
    while (i < text.size() && !is_stable((c = read_code_point(text.data() + i)).value));
    edit.keep(previous - kept);
    edit.replace(i - previous, unicode_form(text.substr(previous, i - previous), UTF8PROC_COMPOSE));
    kept = previous = i;
  }
  edit.keep_rest();
}

// True for most texts that are in form NFC already, never for one that is not.
bool is_surely_nfc(std::string_view text) {
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

class Nfc : public Normalizer {
 public:
  void apply(EditedText& text) const override { text.rewrite(compose); }
  bool may_change(std::string_view text) const override { return !is_surely_nfc(text); }
};

class UnicodeForm : public Normalizer {
 public:
  explicit UnicodeForm(int options) : options_(options) {}
  void apply(EditedText& text) const override {
    if (may_change(text.text())) unicode_form(text, options_);
  }
  bool may_change(std::string_view text) const override { return !is_ascii(text); }

 private:
  int options_;
};

}  // namespace

NormalizerPtr make_unicode_form_normalizer(const Json& description) {
  std::string type = description.value("type", "");
  int direction = type.back() == 'C' ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  int compatibility = type.size() == 4 ? UTF8PROC_COMPAT : 0;
  if (type == "NFC") return std::make_unique<Nfc>();
  return std::make_unique<UnicodeForm>(direction | compatibility);
}

}  // namespace llmbox
