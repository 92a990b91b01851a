#include "tokenizer/normalizer/sentence_piece.h"

#include "tokenizer/added_tokens.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class SentencePiece : public Normalizer {
 public:
  explicit SentencePiece(const SentencePieceRules& rules)
      : rules_(rules), map_(rules.charsmap), space_(rules.escape_whitespaces ? "▁" : " ") {
    for (const std::string& piece : rules.user_defined) user_defined_.add(piece, {});
  }

  void apply(EditedText& text) const override {
    text.rewrite([&](TextEdit& edit) { rewrite(edit); });
  }

 private:
  struct Front {
    size_t length;
    std::string_view form;
  };

  // The form of what stands at the front: a piece that a user defined, the longest match of the map, or one character.
  Front front_of(std::string_view text) const {
    if (size_t length = user_defined_.match_length(text)) return {length, text.substr(0, length)};
    if (auto match = map_.longest(text)) return {match->length, match->value};
    size_t length = utf8_length(static_cast<unsigned char>(text[0]));
    return {length, text.substr(0, length)};
  }

  void rewrite(TextEdit& edit) const {
    while (rules_.remove_extra_whitespaces && !edit.done()) {
      Front front = front_of(edit.rest());
      if (front.form != " ") break;
      edit.drop(front.length);
    }
    if (edit.done()) return;
    if (rules_.add_dummy_prefix && !rules_.whitespace_as_suffix) edit.insert(space_);
    bool after_space = rules_.remove_extra_whitespaces;
    while (!edit.done()) {
      size_t plain = plain_run(edit.rest());
      edit.keep(plain);
      if (plain > 0) after_space = false;
      if (!edit.done()) after_space = append(edit, after_space);
    }
    while (rules_.remove_extra_whitespaces && edit.written().ends_with(space_)) edit.unwrite(space_.size());
    if (rules_.add_dummy_prefix && rules_.whitespace_as_suffix) edit.insert(space_);
  }

  // Bytes at the front that stay as they are and are no spaces.
  size_t plain_run(std::string_view text) const {
    if (!user_defined_.empty()) return 0;
    size_t i = 0;
    if (map_.empty()) return std::min(text.find(' '), text.size());
    while (i < text.size() && text[i] != ' ' && map_.is_plain_ascii(text.substr(i))) ++i;
    return i;
  }

  // Returns whether the text ends with a space that a further one is dropped after.
  bool append(TextEdit& edit, bool after_space) const {
    Front front = front_of(edit.rest());
    std::string_view form = front.form;
    while (after_space && form.starts_with(' ')) form.remove_prefix(1);
    if (form.empty()) {
      edit.drop(front.length);
      return after_space && rules_.remove_extra_whitespaces;
    }
    bool ends_with_space = form.ends_with(' ');
    if (form.find(' ') == std::string_view::npos) {
      if (form.data() == edit.rest().data() && form.size() == front.length) {
        edit.keep(front.length);
      } else {
        edit.replace(front.length, form);
      }
    } else if (form == " ") {
      edit.replace(front.length, space_);
    } else {
      std::string spelled;
      for (char c : form) c == ' ' ? spelled += space_ : spelled += c;
      edit.replace(front.length, spelled);
    }
    return ends_with_space && rules_.remove_extra_whitespaces;
  }

  SentencePieceRules rules_;
  Charsmap map_;
  AddedMatcher user_defined_;
  std::string space_;
};

}  // namespace

NormalizerPtr make_sentence_piece_normalizer(const SentencePieceRules& rules) {
  return std::make_unique<SentencePiece>(rules);
}

}  // namespace llmbox
