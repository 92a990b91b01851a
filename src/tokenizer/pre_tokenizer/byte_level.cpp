// ByteLevel: GPT-2's words, spelled in the byte alphabet. As the last stage it leaves plain bytes, since the model then
// holds its vocabulary as bytes too.
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/pre_tokenizer/scanner.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex, bool spell)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex), spell_(spell) {}

  bool is_byte_level() const override { return true; }

  void apply(PreTokens& tokens) const override {
    if (add_prefix_space_) {
      tokens.rewrite_each([](TextEdit& edit, size_t) {
        if (edit.rest()[0] != ' ') edit.insert(" ");
        edit.keep_rest();
      });
    }
    if (use_regex_) {
      static const Scanner scan = find_scanner(kGpt2Pattern);
      tokens.cut_each([&](Span span, std::vector<Span>& words) { scan(tokens.text, span, words); });
    }
    if (!spell_) return;
    tokens.spelled = true;
    tokens.rewrite_each([](TextEdit& edit, size_t) {
      while (!edit.done()) edit.replace(1, to_byte_alphabet(edit.rest().substr(0, 1)));
    });
  }

 private:
  bool add_prefix_space_, use_regex_, spell_;
};

}  // namespace

PreTokenizerPtr make_byte_level_pre_tokenizer(const Json& description, bool last) {
  return std::make_unique<ByteLevel>(description.value("add_prefix_space", true), description.value("use_regex", true),
                                     !last);
}

}  // namespace llmbox
