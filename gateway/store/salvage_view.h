// A folder of RocksDB files, opened to read what can be read and to change nothing. Internal to
// salvage.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/store/rocks.h"
#include "gateway/store/salvage.h"

namespace gateway::store {

class SalvageView {
 public:
  // Returns DataLoss if the list of files, or the log, cannot be read.
  static StatusOr<std::unique_ptr<SalvageView>> Open(const std::string& dir, rocksdb::Env* env,
                                                     const RocksMemory& memory);
  ~SalvageView();

  // Null if the store has no such table.
  rocksdb::ColumnFamilyHandle* Handle(Table table) const {
    return handles_.at(static_cast<std::size_t>(table));
  }
  rocksdb::DB& db() const { return *db_; }
  std::unique_ptr<rocksdb::Iterator> NewIterator(Table table) const;
  // Whether one of the files that are listed has this name.
  bool Lists(const std::string& name) const;
  // Files that are missing, of another size or broken.
  std::vector<DamagedFile> FindDamaged() const;

 private:
  SalvageView() = default;
  std::string dir_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> owned_;
  std::array<rocksdb::ColumnFamilyHandle*, kTablesEnd> handles_{};
  std::vector<rocksdb::LiveFileMetaData> files_;
};

// The name of a table, as its column family; empty if the number is none.
std::string_view NameOf(Table table);

// How much of a file is looked at.
enum class Look { kIndex, kEnds, kEverything };
Status CheckTableFile(const std::string& path, Look look);

// Writes, at `path`, an empty file that passes for `file` in a view: without it a damaged file of
// the newest level keeps the whole table from being read.
Status WriteStandIn(const DamagedFile& file, const std::string& path);

// Copies the rows of a table from `whole`, in which only files that open are damaged, and what they
// keep it from showing, if it is still true, from `without`, in which they are empty. Adds what may be gone to `gaps`.
Status CopyTable(Table table, const SalvageView& whole, const SalvageView& without,
                 const std::vector<DamagedFile>& damaged, rocksdb::DB& to,
                 rocksdb::ColumnFamilyHandle* handle, std::vector<Gap>& gaps);

}  // namespace gateway::store
