// What touches only the two ends of a text: Strip and Prepend.
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/unicode_class.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(EditedText& edited) const override {
    const std::string& text = edited.text();
    size_t begin = 0, end = text.size();
    while (left_ && begin < end) {
      CodePoint c = read_code_point(text.data() + begin);
      if (!is_unicode_space(c.value)) break;
      begin += c.length;
    }
    while (right_ && end > begin) {
      CodePoint c = read_code_point_before(text.data() + end);
      if (!is_unicode_space(c.value)) break;
      end -= c.length;
    }
    edited.rewrite([&](TextEdit& edit) {
      edit.drop(begin);
      edit.keep(end - begin);
    });
  }

 private:
  bool left_, right_;
};

class PrependText : public Normalizer {
 public:
  explicit PrependText(std::string content) : content_(std::move(content)) {}
  void apply(EditedText& text) const override {
    if (text.text().empty()) return;
    text.rewrite([&](TextEdit& edit) {
      edit.insert(content_);
      edit.keep_rest();
    });
  }

 private:
  std::string content_;
};

}  // namespace

NormalizerPtr make_edge_normalizer(const Json& description) {
  if (description.value("type", "") == "Prepend")
    return std::make_unique<PrependText>(description.value("prepend", ""));
  return std::make_unique<Strip>(description.value("strip_left", true), description.value("strip_right", true));
}

}  // namespace llmbox
