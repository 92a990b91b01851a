#include "core/near_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <vector>

namespace llmbox {
namespace {

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Optimal string alignment distance.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

// A name that contains the other ("lr" in "lr_scheduler") is nearer than its length difference says.
double distance(const std::string& a, const std::string& b) {
  const double edits = static_cast<double>(edit_distance(a, b));
  const bool contains = a.size() >= 2 && b.size() >= 2 && (a.find(b) != a.npos || b.find(a) != b.npos);
  return contains ? edits * 0.4 : edits;
}

std::vector<std::string> nearest_first(std::string_view name, std::span<const std::string> names) {
  const std::string wanted = folded(name);
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < names.size(); ++i) order.emplace_back(distance(wanted, folded(names[i])), i);
  std::sort(order.begin(), order.end());
  std::vector<std::string> sorted;
  std::set<std::string_view> seen;  // a list may name the same thing once a layer
  for (const auto& [_, i] : order)
    if (seen.insert(names[i]).second) sorted.push_back(names[i]);
  return sorted;
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> names) {
  return names.empty() ? std::string() : nearest_first(name, names).front();
}

std::string near_names(std::string_view name, std::span<const std::string> names, size_t most) {
  std::vector<std::string> sorted = nearest_first(name, names);
  sorted.resize(std::min(sorted.size(), most));
  return quoted_names(sorted);
}

std::string quoted_names(std::span<const std::string> names, std::string_view joint) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? fmt::format(" {} ", joint) : ", ";
    text += "'" + names[i] + "'";
  }
  return text;
}

}  // namespace llmbox
