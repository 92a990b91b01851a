// Metaspace: the visible space becomes a space again; in the first token it is the one that was put in front.
#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

class MetaspaceDecoder : public WholeTokenStage {
 public:
  MetaspaceDecoder(std::string replacement, bool drop_first)
      : replacement_(std::move(replacement)), drop_(drop_first) {}

 protected:
  void token(const std::string& whole) override {
    std::string out;
    for (size_t i = 0; i < whole.size();) {
      if (std::string_view(whole).substr(i).starts_with(replacement_)) {
        if (!drop_) out += ' ';
        i += replacement_.size();
      } else {
        out += whole[i++];
      }
    }
    drop_ = false;
    pass_token(out);
  }

 private:
  std::string replacement_;
  bool drop_;
};

}  // namespace

DecodeStageMaker make_metaspace_decoder(const Json& description) {
  std::string replacement = description.value("replacement", "▁");
  bool prepends = description.contains("prepend_scheme") ? description["prepend_scheme"] != "never"
                                                         : description.value("add_prefix_space", true);
  return [=] { return std::make_unique<MetaspaceDecoder>(replacement, prepends); };
}

}  // namespace llmbox
