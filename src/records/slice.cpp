#include "records/slice.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"

namespace llmbox {
namespace {

constexpr std::string_view kExamples = "try '[:100]', '[10%:]' or '[5:20]'";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "10", "-5", "10%" or "12.5%" of n, within 0 … n; `missing` where the text is empty.
int64_t bound(std::string_view text, int64_t n, int64_t missing, std::string_view slice) {
  text = trimmed(text);
  if (text.empty()) return missing;
  const bool is_share = text.back() == '%';
  if (is_share) text.remove_suffix(1);
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = number == std::floor(number);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || (!is_share && !is_whole))
    fail("slice", "expected a number of rows or a share, got '{}' in '{}'; {}", text, slice, kExamples);
  const double rows = is_share ? std::round(number / 100 * static_cast<double>(n)) : number;
  const double from_start = number < 0 ? rows + static_cast<double>(n) : rows;
  return static_cast<int64_t>(std::clamp(from_start, 0.0, static_cast<double>(n)));
}

class SlicedRows : public RowReader {
 public:
  SlicedRows(std::unique_ptr<RowReader> rows, RowRange range) : rows_(std::move(rows)), range_(range) {}

  std::optional<Row> next() override {
    for (; at_ < range_.begin; ++at_)
      if (!rows_->next()) return std::nullopt;
    if (at_ >= range_.end) return std::nullopt;
    ++at_;
    return rows_->next();
  }
  std::string place() const override { return rows_->place(); }

 private:
  std::unique_ptr<RowReader> rows_;
  RowRange range_;
  int64_t at_ = 0;
};

}  // namespace

NamedSlice split_slice(std::string_view text) {
  const size_t bracket = text.find('[');
  if (bracket == text.npos) return {std::string(text), ""};
  if (text.back() != ']' || text.find('[', bracket + 1) != text.npos)
    fail("slice", "expected NAME[begin:end], got '{}'; {}", text, kExamples);
  return {std::string(text.substr(0, bracket)), std::string(text.substr(bracket))};
}

RowRange apply_slice(std::string_view slice, int64_t n) {
  if (slice.empty()) return {0, n};
  const size_t colon = slice.find(':');
  const bool is_slice = slice.size() >= 3 && slice.front() == '[' && slice.back() == ']' && colon != slice.npos;
  if (!is_slice) fail("slice", "expected [begin:end], got '{}'; {}", slice, kExamples);
  const int64_t begin = bound(slice.substr(1, colon - 1), n, 0, slice);
  const int64_t end = bound(slice.substr(colon + 1, slice.size() - colon - 2), n, n, slice);
  return {begin, std::max(begin, end)};
}

std::unique_ptr<RowReader> slice_rows(std::unique_ptr<RowReader> rows, RowRange range) {
  return std::make_unique<SlicedRows>(std::move(rows), range);
}

}  // namespace llmbox
