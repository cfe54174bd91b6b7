// Salvage: a store whose files are damaged is made anew from every row that can still be read. The
// damaged files go to `quarantine` in the store's folder, and what they held is named. All of it
// happens beside the store, which is replaced at the end, so that a refusal or a power cut on the
// way changes nothing. Internal to store; docs/formats.md §quarantine, docs/operations.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/store/database.h"
#include "gateway/store/losses.h"
#include "gateway/store/rocks.h"

namespace gateway::store {

struct Salvage {
  std::string dir;
  rocksdb::Env* env = nullptr;  // as DatabaseOptions
  const RocksMemory& memory;
  // What the store is known to have had: less, with files that nobody lists, is damage as well.
  uint64_t known_changes = 0;
  // The list of files is not to be believed, whatever it looks like.
  bool distrust_list = false;
  // Makes the losses durable; called before the store is replaced, not at all if nothing is lost.
  std::function<Status(const std::vector<Loss>&)> report;
};

// Looks for damage: files that are missing or of another size, and up to
// limits::kStoreVerifyBytesMax in all every checksum, else those of each file's ends. Replaces the
// store if it finds some, and finishes a replacement that was cut off. Returns whether the store is one
// that replaced another, and ForgetReplacing was not called since.
// Returns Unavailable if another process has the store open, ResourceExhausted if there is no room
// for a second copy, and DataLoss, with the store as it was, if what is damaged cannot be done
// without: then only a backup helps.
StatusOr<bool> SalvageIfDamaged(const Salvage& salvage);

// A file of the store that does not hold what it should.
struct DamagedFile {
  std::string name;  // "000012.sst"
  Table table = Table::kMeta;
  std::string smallest, largest;  // of its keys
  uint64_t bytes = 0;             // that it should have
  bool opens = false;             // some of its rows may be readable
};

// Rows between two that are readable: any of them may be gone.
struct Gap {
  Table table = Table::kMeta;
  std::string file;
  std::string first, last;  // keys, both included
  bool after_first = false;    // the first is readable itself
  bool before_last = false;    // the last is
};

// What a person calls the rows; empty if there cannot be any.
std::string NameOfRows(const Gap& gap);

}  // namespace gateway::store
