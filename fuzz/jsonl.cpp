// Rows of a data file: the first byte says which text format.
#include "fuzz/target.h"
#include "records/reader.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  if (bytes.empty()) return;
  constexpr const char* kNames[] = {"rows.jsonl", "rows.json", "rows.csv", "rows.tsv", "rows.txt"};
  const char* name = kNames[static_cast<unsigned char>(bytes[0]) % std::size(kNames)];
  read_as_file(bytes.substr(1), name, [](const std::string& path) {
    for (const Row& row : read_rows(path)) row.dump(-1, ' ', false, Json::error_handler_t::replace);
  });
}

}  // namespace llmbox
