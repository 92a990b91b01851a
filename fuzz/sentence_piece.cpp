// tokenizer.model of SentencePiece: any file is a tokenizer that encodes, or refused.
#include "fuzz/target.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  read_as_file(bytes, "tokenizer.model", [](const std::string& path) {
    const auto tokenizer = Tokenizer::load(path);
    for (const char* text : {"", "Hello  world 12\n", "naïve 你好 🙂 ①"})
      tokenizer->decode(tokenizer->encode(text, {.add_special = true, .parse_special = true}), false);
  });
}

}  // namespace llmbox
