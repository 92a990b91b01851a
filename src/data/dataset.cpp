#include "data/dataset.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/error.h"
#include "core/rng.h"
#include "records/mix.h"
#include "records/reader.h"

namespace llmbox {
namespace {

/// A registry's num_samples: a random choice, with replacement for what exceeds the set.
std::vector<Row> sample_rows(std::vector<Row> rows, int64_t wanted, uint64_t seed) {
  const int64_t n = static_cast<int64_t>(rows.size());
  Rng rng(seed);
  std::vector<int64_t> order = rng.permutation(n);
  order.resize(static_cast<size_t>(std::min(n, wanted)));
  while (n > 0 && static_cast<int64_t>(order.size()) < wanted)
    order.push_back(static_cast<int64_t>(rng.below(static_cast<uint64_t>(n))));
  std::vector<Row> out;
  for (int64_t i : order) out.push_back(rows[static_cast<size_t>(i)]);
  return out;
}

void note_fault(DatasetCount& count, int64_t row_number, const std::string& fault) {
  if (count.first_faults.size() < 3) count.first_faults.push_back(fmt::format("row {}: {}", row_number, fault));
}

std::vector<Row> read_dataset(const DatasetEntry& entry, const DatasetRequest& request) {
  std::vector<Row> rows;
  for (const std::filesystem::path& file : dataset_files(entry)) {
    std::vector<Row> part = read_rows(file);
    std::move(part.begin(), part.end(), std::back_inserter(rows));
  }
  if (rows.empty()) fail("dataset " + entry.name, "expected rows in {}, got none", entry.path.string());
  if (entry.num_samples) rows = sample_rows(std::move(rows), *entry.num_samples, request.seed);
  if (request.max_samples > 0 && static_cast<int64_t>(rows.size()) > request.max_samples)
    rows.resize(static_cast<size_t>(request.max_samples));
  return rows;
}

std::vector<Example> usable_examples(const DatasetEntry& entry, const std::vector<Row>& rows, bool pretraining,
                                     DatasetCount& count) {
  std::vector<Example> out;
  count.name = entry.name;
  count.rows = static_cast<int64_t>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t number = static_cast<int64_t>(i) + 1;
    Example example = make_example(entry, rows[i], number);
    if (!example.broken.empty()) {
      ++count.broken;
      note_fault(count, number, example.broken);
    } else if (pretraining ? example.prompt[0]["content"].get_ref<const std::string&>().empty()
                           : example.prompt.size() % 2 != 1 || example.response.size() != 1) {
      ++count.no_reply;
      note_fault(count, number, pretraining ? "no text" : "no reply");
    } else {
      out.push_back(std::move(example));
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string name = list.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(" \t"));
    name.erase(name.find_last_not_of(" \t") + 1);
    if (!name.empty()) out.push_back(name);
    begin = end + 1;
  }
  return out;
}

DatasetExamples load_datasets(const DatasetRequest& request) {
  if (request.names.empty()) fail("dataset", "expected the name of a data set, got none; try dataset: NAME");
  DatasetRegistry registry = DatasetRegistry::load(request.folder);
  DatasetExamples out;
  std::vector<std::vector<Example>> sets;
  for (const std::string& name : request.names) {
    DatasetEntry entry = registry.find(name);
    if (entry.ranking)
      fail("dataset " + name, "expected plain samples for stage pt or sft, got preference data (ranking: true)");
    if (request.pretraining && entry.format != DatasetFormat::kAlpaca)
      fail("dataset " + name,
           "expected text for stage pt, got conversations; try \"columns\": {{\"prompt\": \"text\"}}");
    if (!request.pretraining && entry.format == DatasetFormat::kAlpaca && entry.columns.response.empty())
      fail("dataset " + name, "expected a response column for stage sft, got none; try stage: pt or \"columns\"");
    out.counts.emplace_back();
    sets.push_back(usable_examples(entry, read_dataset(entry, request), request.pretraining, out.counts.back()));
    if (sets.back().empty())
      fail("dataset " + name, "expected usable rows, got none of {} ({})", out.counts.back().rows,
           out.counts.back().first_faults.empty() ? "no reason" : out.counts.back().first_faults[0]);
  }
  std::vector<int64_t> sizes;
  for (const auto& set : sets) sizes.push_back(static_cast<int64_t>(set.size()));
  const MixOptions mix{.strategy = parse_mix_strategy(request.mix_strategy),
                       .probabilities = request.interleave_probs,
                       .seed = request.seed};
  for (const auto& [set, row] : mix_order(sizes, mix)) out.examples.push_back(sets[set][static_cast<size_t>(row)]);
  return out;
}

std::vector<Example> split_validation(std::vector<Example>& examples, double val_size, uint64_t seed) {
  const int64_t n = static_cast<int64_t>(examples.size());
  const int64_t held = val_size >= 1 ? static_cast<int64_t>(val_size)
                                     : static_cast<int64_t>(std::ceil(val_size * static_cast<double>(n)));
  if (held >= n) fail("val_size", "expected fewer than the {} examples there are, got {}", n, held);
  std::vector<int64_t> order = Rng(seed).permutation(n);
  std::vector<Example> validation, training;
  for (int64_t i = 0; i < n; ++i)
    (i < held ? validation : training)
        .push_back(std::move(examples[static_cast<size_t>(order[static_cast<size_t>(i)])]));
  examples = std::move(training);
  return validation;
}

}  // namespace llmbox
