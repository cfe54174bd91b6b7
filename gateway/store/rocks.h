// How we run RocksDB: its options, its statuses as ours, its text in our log. Internal to store.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/status.h>

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

// Sized for a small board: about 30 MB of memory for the whole store.
rocksdb::DBOptions MakeDbOptions();
rocksdb::ColumnFamilyOptions MakeTableOptions(const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace gateway::store
