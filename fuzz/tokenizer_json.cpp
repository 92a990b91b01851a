// tokenizer.json: any file is a tokenizer that encodes, or refused.
#include "fuzz/target.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  read_as_file(bytes, "tokenizer.json", [](const std::string& path) {
    const auto tokenizer = Tokenizer::load(path);
    for (const char* text : {"", "Hello  world's 12345\n", "naïve 你好 🙂 [MASK] <s> é"})
      tokenizer->decode(tokenizer->encode(text, {.add_special = true, .parse_special = true}), true);
  });
}

}  // namespace llmbox
