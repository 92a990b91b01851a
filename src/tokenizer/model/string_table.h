// Token strings and their ids in one flat hash table over one arena: 150,000 tokens load in milliseconds and a look-up
// touches two cache lines. Ids need not be dense, but below kIdEnd. Not changed after loading; then thread-safe. An id
// out of range throws Error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

class StringTable {
 public:
  static constexpr int64_t kIdEnd = 1 << 24;

  /// Adds a string under an id; a string that is there keeps its first id, an id given twice keeps its first string.
  void add(std::string_view text, int64_t id);
  /// Room for so many strings.
  void reserve(size_t count);

  std::optional<int32_t> find(std::string_view text) const;
  /// The same for many texts at once, -1 where there is none: look-ups overlap their waits for memory.
  std::vector<int32_t> find_all(std::span<const std::string_view> texts) const;
  /// The string of an id; empty where there is none.
  std::string_view text(int32_t id) const;
  bool has(int32_t id) const { return id >= 0 && id < id_end() && places_[static_cast<size_t>(id)].size >= 0; }
  /// Highest id + 1.
  int32_t id_end() const { return static_cast<int32_t>(places_.size()); }
  size_t size() const { return count_; }
  size_t longest() const { return longest_; }

 private:
  struct Place {
    uint32_t offset = 0;
    int32_t size = -1;
  };
  struct Slot {
    uint32_t hash;
    int32_t id = -1;
    Place place;
  };
  void resize_slots(size_t size);
  size_t slot_of(std::string_view text, uint32_t hash) const;
  std::string_view at(Place place) const { return {arena_.data() + place.offset, static_cast<size_t>(place.size)}; }

  std::string arena_;
  std::vector<Slot> slots_;
  std::vector<Place> places_;
  size_t count_ = 0;
  size_t longest_ = 0;
};

}  // namespace llmbox
