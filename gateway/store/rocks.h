// How we run RocksDB: its options, its statuses as ours, its text in our log. Internal to store.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/status.h>
#include <rocksdb/write_buffer_manager.h>

#include <memory>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::store {

inline rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// ResourceExhausted for a full disk, DataLoss for damage, Internal for wrong use, else Unavailable.
Status FromRocks(const rocksdb::Status& status, std::string_view what);

// Memory that outlives one opening of the store: blocks read and rows not yet in files, in one
// budget of limits::kStoreMemoryBytes.
struct RocksMemory {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};
RocksMemory MakeMemory();

rocksdb::DBOptions MakeDbOptions(const RocksMemory& memory);
rocksdb::ColumnFamilyOptions MakeTableOptions(const RocksMemory& memory);

}  // namespace gateway::store
