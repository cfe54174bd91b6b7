#include "gateway/store/rocks.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"

namespace gateway::store {

Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return OkStatus();
  const std::string text = status.ToString();
  if (status.IsNoSpace() || status.IsMemoryLimit()) {
    return ResourceExhausted("%s: %s; free disk space", what, text);
  }
  if (status.IsCorruption()) return DataLoss("%s: %s; restore a backup", what, text);
  if (status.IsInvalidArgument() || status.IsNotSupported()) return Internal("%s: %s", what, text);
  return Unavailable("%s: %s", what, text);
}

namespace {

// RocksDB's own log file aborts the process on a full disk (Debian builds it with asserts), so its
// lines go to ours. They name files, sizes and errors; row keys there are pseudonyms at most.
class ForwardingLogger final : public rocksdb::Logger {
 public:
  ForwardingLogger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL ||
        level == rocksdb::InfoLogLevel::HEADER_LEVEL) {
      return;
    }
    const LogLevel ours =
        level == rocksdb::InfoLogLevel::WARN_LEVEL ? LogLevel::kDebug : LogLevel::kWarning;
    if (!LogEnabled(ours)) return;
    std::array<char, 200> line{};
    if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0) return;
    for (char& c : line) {
      if (c == '\n') c = ' ';
    }
    Log(ours, "store: %s", line.data());
  }
};

}  // namespace

RocksMemory MakeMemory() {
  RocksMemory memory;
  memory.cache = rocksdb::NewLRUCache(limits::kStoreMemoryBytes);
  memory.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(
      limits::kStoreWriteBufferBytes, memory.cache);
  return memory;
}

rocksdb::DBOptions MakeDbOptions(const RocksMemory& memory) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.info_log = std::make_shared<ForwardingLogger>();
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 1;
  options.max_manifest_file_size = 1u << 20;
  options.max_open_files = 64;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 16u << 20;
  options.write_buffer_manager = memory.write_buffers;
  options.wal_bytes_per_sync = 512u << 10;
  options.bytes_per_sync = 512u << 10;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  // Opening a store must not rewrite it: the format is checked afterwards.
  options.avoid_flush_during_recovery = true;
  options.atomic_flush = true;  // no table gets ahead of another, whatever is left of the WAL
  // Database heals it: RocksDB by itself does not come back from every error, and not twice.
  options.max_bgerror_resume_count = 0;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::ColumnFamilyOptions MakeTableOptions(const RocksMemory& memory) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.cache;
  table.cache_index_and_filter_blocks = true;
  table.block_size = 16u << 10;
  table.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  // The journal's, in effect. The larger it is, the more rows are trimmed before they would be
  // written to a file: at 500 messages in 10 s, 8 MiB write a tenth less in all than 4 MiB.
  options.write_buffer_size = 8u << 20;
  options.max_write_buffer_number = 2;
  options.arena_block_size = 64u << 10;  // ten tables, most of them small
  options.compression = rocksdb::kNoCompression;  // ciphertext does not compress
  options.level_compaction_dynamic_level_bytes = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace gateway::store
