// UnicodeScripts: cuts where the script changes; spaces belong to any.
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/unicode_script.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class UnicodeScripts : public PreTokenizer {
 public:
  void apply(PreTokens& tokens) const override {
    tokens.cut_each([&](Span span, std::vector<Span>& words) {
      constexpr int kNoneYet = -2;
      int last = kNoneYet;
      uint32_t begin = span.begin;
      for (uint32_t i = span.begin; i < span.end;) {
        CodePoint c = read_code_point(tokens.text.data() + i);
        int script = c.value == ' ' ? kAnyScript : unicode_script(c.value);
        if (script != kAnyScript && last != script && i > begin && last != kNoneYet) {
          words.push_back({begin, i});
          begin = i;
        }
        if (script != kAnyScript) last = script;
        i += c.length;
      }
      words.push_back({begin, span.end});
    });
  }
};

}  // namespace

PreTokenizerPtr make_unicode_scripts_pre_tokenizer(const Json&, bool) { return std::make_unique<UnicodeScripts>(); }

}  // namespace llmbox
