// Every model that tokenizer.json may name.
#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/model/token_model.h"

namespace llmbox {

namespace {

struct Row {
  const char* type;
  TokenModelPtr (*make)(ModelDescription description);
};

constexpr Row kModels[] = {
    {"BPE", make_bpe_model},
};

}  // namespace

TokenModelPtr make_token_model(ModelDescription description) {
  // Files older than the `type` key hold BPE: they have merges.
  std::string type = description.options.value("type", description.merges.empty() ? "" : "BPE");
  std::vector<std::string> names;
  for (const Row& row : kModels) {
    if (row.type == type) return row.make(std::move(description));
    names.emplace_back(row.type);
  }
  fail("tokenizer", "expected a model type, got '{}'; try {}", type, quoted_names(names));
}

}  // namespace llmbox
