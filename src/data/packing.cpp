#include "data/packing.h"

#include <algorithm>
#include <map>

#include "core/error.h"

namespace llmbox {
namespace {

/// Appends ids [begin, end) of a sample as one segment.
void append_segment(PackedRow& row, const Sample& sample, size_t begin, size_t end) {
  if (begin == end) return;
  for (size_t t = begin; t < end; ++t) {
    row.tokens.push_back(sample.ids[t]);
    row.positions.push_back(static_cast<int32_t>(t - begin));
    row.labels.push_back(t + 1 < end ? sample.labels[t + 1] : kNoTarget);
  }
  row.segment_starts.push_back(static_cast<int64_t>(row.tokens.size()));
}

PackedRow empty_row() {
  PackedRow row;
  row.segment_starts = {0};
  return row;
}

}  // namespace

int64_t PackedRow::n_targets() const {
  return std::count_if(labels.begin(), labels.end(), [](int32_t label) { return label != kNoTarget; });
}

std::vector<std::vector<int64_t>> knapsack_rows(std::span<const int64_t> lengths, int64_t capacity) {
  std::map<int64_t, std::vector<int64_t>> by_length;
  for (size_t i = 0; i < lengths.size(); ++i) {
    CHECK(lengths[i] <= capacity, "length {} of {}", lengths[i], capacity);
    by_length[lengths[i]].push_back(static_cast<int64_t>(i));
  }
  std::vector<std::vector<int64_t>> rows;
  while (!by_length.empty()) {
    std::vector<int64_t> row;
    for (int64_t room = capacity;;) {
      auto fit = by_length.upper_bound(room);
      if (fit == by_length.begin()) break;
      --fit;
      room -= fit->first;
      row.push_back(fit->second.back());
      fit->second.pop_back();
      if (fit->second.empty()) by_length.erase(fit);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<PackedRow> pack_documents(std::span<const Sample> documents, int64_t block, bool isolate) {
  std::vector<PackedRow> rows;
  PackedRow row = empty_row();
  Sample open;  // without isolation: the block so far as one sample
  auto close = [&] {
    if (!isolate) append_segment(row, open, 0, open.ids.size());
    if (!row.tokens.empty()) rows.push_back(std::move(row));
    row = empty_row();
    open = {};
  };
  for (const Sample& document : documents)
    for (size_t begin = 0; begin < document.ids.size();) {
      size_t used = isolate ? row.tokens.size() : open.ids.size();
      size_t end = std::min(document.ids.size(), begin + static_cast<size_t>(block) - used);
      if (isolate) {
        append_segment(row, document, begin, end);
      } else {
        open.ids.insert(open.ids.end(), document.ids.begin() + static_cast<long>(begin),
                        document.ids.begin() + static_cast<long>(end));
        open.labels = open.ids;
      }
      if (used + end - begin == static_cast<size_t>(block)) close();
      begin = end;
    }
  close();
  return rows;
}

PackedRow make_row(std::span<const Sample* const> samples) {
  PackedRow row = empty_row();
  for (const Sample* sample : samples) append_segment(row, *sample, 0, sample->ids.size());
  return row;
}

PackedRow join_rows(std::span<const PackedRow* const> rows) {
  PackedRow out = empty_row();
  for (const PackedRow* row : rows) {
    int64_t offset = static_cast<int64_t>(out.tokens.size());
    out.tokens.insert(out.tokens.end(), row->tokens.begin(), row->tokens.end());
    out.positions.insert(out.positions.end(), row->positions.begin(), row->positions.end());
    out.labels.insert(out.labels.end(), row->labels.begin(), row->labels.end());
    for (size_t s = 1; s < row->segment_starts.size(); ++s)
      out.segment_starts.push_back(offset + row->segment_starts[s]);
  }
  return out;
}

}  // namespace llmbox
