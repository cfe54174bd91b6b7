// From the hash of a text to where in a vector the thing of that name is. Without nodes, so that a
// copy is one run of memory and a look-up touches one line of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gateway::pipeline {

// Thread-compatible. Nothing is ever taken out.
class FlatIndex {
 public:
  // Of the positions put under `hash`, the one for which `is` holds.
  template <typename Is>
  std::optional<uint32_t> Find(std::size_t hash, const Is& is) const {
    if (slots_.empty()) return std::nullopt;
    for (std::size_t at = Folded(hash) & mask(); slots_[at].next != 0; at = (at + 1) & mask()) {
      const uint32_t position = slots_[at].next - 1;
      if (slots_[at].hash == Folded(hash) && is(position)) return position;
    }
    return std::nullopt;
  }

  void Put(std::size_t hash, uint32_t position) {
    if (2 * (used_ + 1) > slots_.size()) Grow();
    Place({Folded(hash), position + 1});
    ++used_;
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t next = 0;  // the one after its position; 0: empty
  };
  static uint32_t Folded(std::size_t hash) { return static_cast<uint32_t>(hash ^ hash >> 32); }
  std::size_t mask() const { return slots_.size() - 1; }  // a power of two, at most half full

  void Place(const Slot& slot) {
    std::size_t at = slot.hash & mask();
    while (slots_[at].next != 0) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void Grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.next != 0) Place(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace gateway::pipeline
