#include "tokenizer/model/string_table.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace llmbox {

namespace {

uint32_t hash_of(std::string_view text) {
  uint64_t hash = 0x9E3779B97F4A7C15ull ^ text.size();
  while (!text.empty()) {
    uint64_t word = 0;
    size_t n = std::min<size_t>(8, text.size());
    std::memcpy(&word, text.data(), n);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
    text.remove_prefix(n);
  }
  return static_cast<uint32_t>(hash);
}

}  // namespace

size_t StringTable::slot_of(std::string_view text, uint32_t hash) const {
  size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  while (slots_[i].id >= 0 && (slots_[i].hash != hash || at(slots_[i].place) != text)) i = (i + 1) & mask;
  return i;
}

void StringTable::resize_slots(size_t size) {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(size, {});
  size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    size_t i = slot.hash & mask;
    while (slots_[i].id >= 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

void StringTable::reserve(size_t count) {
  size_t size = 64;
  while (size < count * 2) size *= 2;
  if (size > slots_.size()) resize_slots(size);
  places_.reserve(count);
}

void StringTable::add(std::string_view text, int64_t id) {
  if (id < 0 || id >= kIdEnd)
    fail("tokenizer", "expected ids from 0 to {}, got {} for '{}'; try the original file", kIdEnd - 1, id,
         text.substr(0, 40));
  if ((count_ + 1) * 2 > slots_.size()) resize_slots(std::max<size_t>(64, slots_.size() * 2));
  uint32_t hash = hash_of(text);
  Slot& slot = slots_[slot_of(text, hash)];
  Place place = slot.place;
  if (slot.id < 0) {
    place = {static_cast<uint32_t>(arena_.size()), static_cast<int32_t>(text.size())};
    arena_ += text;
    slot = {hash, static_cast<int32_t>(id), place};
    ++count_;
    longest_ = std::max(longest_, text.size());
  }
  if (id >= id_end()) places_.resize(static_cast<size_t>(id) + 1);
  if (!has(static_cast<int32_t>(id))) places_[static_cast<size_t>(id)] = place;
}

std::optional<int32_t> StringTable::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(text, hash_of(text))];
  if (slot.id < 0) return std::nullopt;
  return slot.id;
}

std::vector<int32_t> StringTable::find_all(std::span<const std::string_view> texts) const {
  constexpr size_t kBlock = 24;
  std::vector<int32_t> ids(texts.size(), -1);
  if (slots_.empty()) return ids;
  uint32_t hashes[kBlock];
  size_t mask = slots_.size() - 1;
  for (size_t begin = 0; begin < texts.size(); begin += kBlock) {
    size_t n = std::min(kBlock, texts.size() - begin);
    for (size_t i = 0; i < n; ++i) {
      hashes[i] = hash_of(texts[begin + i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (size_t i = 0; i < n; ++i) __builtin_prefetch(arena_.data() + slots_[hashes[i] & mask].place.offset);
    for (size_t i = 0; i < n; ++i) ids[begin + i] = slots_[slot_of(texts[begin + i], hashes[i])].id;
  }
  return ids;
}

std::string_view StringTable::text(int32_t id) const {
  return has(id) ? at(places_[static_cast<size_t>(id)]) : std::string_view();
}

}  // namespace llmbox
