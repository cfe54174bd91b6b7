#include "gateway/store/salvage_view.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "gateway/model/limits.h"

namespace gateway::store {
namespace {

namespace fs = std::filesystem;

// Keys are at most this long: how finely the end of a damaged stretch is looked for.
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kFooterBytes = 53;  // of RocksDB's table format 5
constexpr std::size_t kBatchBytes = 1u << 20;

rocksdb::ReadOptions Careful() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

rocksdb::Options PlainOptions() {
  rocksdb::Options options;
  options.compression = rocksdb::kNoCompression;
  return options;
}

// Halfway between two keys, as fractions of kKeyBytesMax bytes; `low` if there is nothing between.
std::string Middle(std::string low, std::string high) {
  low.resize(kKeyBytesMax, '\0');
  high.resize(kKeyBytesMax, '\0');
  std::string sum(kKeyBytesMax + 1, '\0');
  unsigned carry = 0;
  for (std::size_t i = kKeyBytesMax; i-- > 0;) {
    carry += static_cast<uint8_t>(low[i]) + unsigned{static_cast<uint8_t>(high[i])};
    sum[i + 1] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  sum[0] = static_cast<char>(carry);
  unsigned rest = 0;
  for (char& c : sum) {
    rest = rest << 8 | static_cast<uint8_t>(c);
    c = static_cast<char>(rest >> 1);
    rest &= 1;
  }
  return sum.substr(1);
}

// Commits rows in pieces; without a log, because the whole store is flushed before it is used.
class Writer {
 public:
  Writer(rocksdb::DB& to, rocksdb::ColumnFamilyHandle* handle) : to_(to), handle_(handle) {}
  Status Put(const rocksdb::Slice& key, const rocksdb::Slice& value) {
    RETURN_IF_ERROR(FromRocks(batch_.Put(handle_, key, value), "salvaging"));
    return batch_.GetDataSize() < kBatchBytes ? OkStatus() : Flush();
  }
  Status Flush() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    RETURN_IF_ERROR(FromRocks(to_.Write(options, &batch_), "salvaging"));
    batch_.Clear();
    return OkStatus();
  }

 private:
  rocksdb::DB& to_;
  rocksdb::ColumnFamilyHandle* const handle_;
  rocksdb::WriteBatch batch_;
};

bool Holds(const Gap& gap, std::string_view key) {
  return key >= gap.first && key <= gap.last && !(gap.after_first && key == gap.first) &&
         !(gap.before_last && key == gap.last);
}

// Whether an older value of a row, or a row that was deleted, is still true: such rows are never
// changed, and deleted only once nobody needs them.
bool StaysTrue(Table table, std::string_view key) {
  switch (table) {
    case Table::kJournal:
    case Table::kBlocks:
    case Table::kSheets:
    case Table::kCells:
    case Table::kReasons:
      return true;
    case Table::kLedger:
      return key.size() > 1;  // all but the head
    default:
      return false;
  }
}

// Copies what the view shows of [file.smallest, file.largest].
Status CopyReadable(const SalvageView& whole, const DamagedFile& file, Writer& writer,
                    std::vector<Gap>& gaps) {
  if (!file.opens) {
    gaps.push_back({.table = file.table,
                    .file = file.name,
                    .first = file.smallest,
                    .last = file.largest});
    return OkStatus();
  }
  const std::unique_ptr<rocksdb::Iterator> it = whole.NewIterator(file.table);
  const std::string beyond = file.largest + '\0';
  std::string last = file.smallest;
  bool last_is_good = false;
  it->Seek(last);
  while (true) {
    for (; it->Valid() && ToView(it->key()) <= file.largest; it->Next()) {
      RETURN_IF_ERROR(writer.Put(it->key(), it->value()));
      last = it->key().ToString();
      last_is_good = true;
    }
    if (it->status().ok()) return OkStatus();
    Gap gap{.table = file.table,
            .file = file.name,
            .first = last,
            .last = file.largest,
            .after_first = last_is_good};
    it->Seek(beyond);
    if (!it->status().ok()) {
      gaps.push_back(std::move(gap));
      return OkStatus();
    }
    std::string bad = last;
    std::string good = beyond;
    for (std::string middle = Middle(bad, good); middle > bad && middle < good;
         middle = Middle(bad, good)) {
      it->Seek(middle);
      (it->status().ok() ? good : bad) = middle;
    }
    it->Seek(good);
    if (it->Valid() && ToView(it->key()) <= file.largest) {
      gap.last = it->key().ToString();
      gap.before_last = true;
    }
    gaps.push_back(gap);
    if (!gap.before_last) return OkStatus();
  }
}

}  // namespace

std::string_view NameOf(Table table) {
  constexpr std::array<std::string_view, kTablesEnd> kNames{
      "", "meta", "keys", "registry", "journal", "blocks", "sheets", "cells", "reasons", "ledger",
      "retractions", "rollups", "quarantine"};
  return kNames.at(static_cast<std::size_t>(table));
}

StatusOr<std::unique_ptr<SalvageView>> SalvageView::Open(const std::string& dir,
                                                         rocksdb::Env* env,
                                                         const RocksMemory& memory) {
  rocksdb::DBOptions options = MakeDbOptions(memory);
  if (env != nullptr) options.env = env;
  options.create_if_missing = false;
  options.paranoid_checks = false;  // a file that is missing or damaged is none of its business
  options.verify_sst_unique_id_in_manifest = false;
  std::vector<std::string> names;
  RETURN_IF_ERROR(FromRocks(rocksdb::DB::ListColumnFamilies(options, dir, &names), "list of files"));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, MakeTableOptions(memory));
  std::unique_ptr<SalvageView> view(new SalvageView);
  view->dir_ = dir;
  rocksdb::DB* db = nullptr;
  RETURN_IF_ERROR(FromRocks(
      rocksdb::DB::OpenForReadOnly(options, dir, descriptors, &view->owned_, &db), "list of files"));
  view->db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : view->owned_) {
    for (std::size_t table = 1; table < kTablesEnd; ++table) {
      if (handle->GetName() == NameOf(static_cast<Table>(table))) view->handles_.at(table) = handle;
    }
  }
  db->GetLiveFilesMetaData(&view->files_);
  return view;
}

SalvageView::~SalvageView() {
  if (db_ == nullptr) return;
  // Nothing was written, so nothing can go wrong that matters.
  for (rocksdb::ColumnFamilyHandle* handle : owned_) {
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  db_->Close().PermitUncheckedError();
}

std::unique_ptr<rocksdb::Iterator> SalvageView::NewIterator(Table table) const {
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(Careful(), Handle(table)));
}

bool SalvageView::Lists(const std::string& name) const {
  return std::any_of(files_.begin(), files_.end(), [&](const rocksdb::LiveFileMetaData& file) {
    return file.name == "/" + name;
  });
}

std::vector<DamagedFile> SalvageView::FindDamaged() const {
  uint64_t total = 0;
  for (const rocksdb::LiveFileMetaData& file : files_) total += file.size;
  std::vector<DamagedFile> damaged;
  for (const rocksdb::LiveFileMetaData& file : files_) {
    std::error_code error;
    const uint64_t bytes = fs::file_size(dir_ + file.name, error);
    const Look look = total <= limits::kStoreVerifyBytesMax ? Look::kEverything : Look::kEnds;
    const bool as_listed = !error && bytes == file.size;
    if (as_listed && CheckTableFile(dir_ + file.name, look).ok()) {
      continue;
    }
    for (std::size_t table = 1; table < kTablesEnd; ++table) {
      if (file.column_family_name != NameOf(static_cast<Table>(table))) continue;
      damaged.push_back({.name = file.name.substr(1),
                         .table = static_cast<Table>(table),
                         .smallest = file.smallestkey,
                         .largest = file.largestkey,
                         .bytes = file.size,
                         .opens = as_listed &&
                                  CheckTableFile(dir_ + file.name, Look::kIndex).ok()});
    }
  }
  return damaged;
}

Status CheckTableFile(const std::string& path, Look look) {
  rocksdb::SstFileReader reader(PlainOptions());
  RETURN_IF_ERROR(FromRocks(reader.Open(path), "file"));
  if (look == Look::kEverything) return FromRocks(reader.VerifyChecksum(Careful()), "file");
  const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(Careful()));
  if (look == Look::kIndex) return FromRocks(it->status(), "file");
  it->SeekToFirst();
  RETURN_IF_ERROR(FromRocks(it->status(), "file"));
  it->SeekToLast();
  return FromRocks(it->status(), "file");
}

Status WriteStandIn(const DamagedFile& file, const std::string& path) {
  {
    // One row that deletes what is lost anyway: RocksDB makes no file without rows.
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), PlainOptions());
    RETURN_IF_ERROR(FromRocks(writer.Open(path), "stand-in"));
    RETURN_IF_ERROR(FromRocks(writer.Delete(file.smallest), "stand-in"));
    RETURN_IF_ERROR(FromRocks(writer.Finish(), "stand-in"));
  }
  // RocksDB looks for the footer at the end that the list of files tells; what the footer refers to
  // stays where it is.
  std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
  const std::string made(std::istreambuf_iterator<char>(stream), {});
  if (made.size() > file.bytes || made.size() < kFooterBytes) {
    return DataLoss("file %s of %u bytes is damaged; restore a backup", file.name, file.bytes);
  }
  std::string padded = made.substr(0, made.size() - kFooterBytes);
  padded.resize(file.bytes - kFooterBytes, '\0');
  padded += made.substr(made.size() - kFooterBytes);
  stream.clear();
  stream.seekp(0);
  stream.write(padded.data(), static_cast<std::streamsize>(padded.size()));
  stream.close();
  return stream ? OkStatus() : Unavailable("file %s: cannot be written", path);
}

Status CopyTable(Table table, const SalvageView& whole, const SalvageView& without,
                 const std::vector<DamagedFile>& damaged, rocksdb::DB& to,
                 rocksdb::ColumnFamilyHandle* handle, std::vector<Gap>& gaps) {
  if (whole.Handle(table) == nullptr) return OkStatus();
  Writer writer(to, handle);
  std::vector<Gap> found;
  std::vector<const DamagedFile*> ours;
  for (const DamagedFile& file : damaged) {
    if (file.table != table) continue;
    ours.push_back(&file);
    RETURN_IF_ERROR(CopyReadable(whole, file, writer, found));
  }
  const auto take = [&](std::string_view key) {
    const auto in_gap = [&](const Gap& gap) { return Holds(gap, key); };
    if (std::any_of(found.begin(), found.end(), in_gap)) return StaysTrue(table, key);
    return std::none_of(ours.begin(), ours.end(), [&](const DamagedFile* file) {
      return key >= file->smallest && key <= file->largest;
    });
  };
  const std::unique_ptr<rocksdb::Iterator> it = without.NewIterator(table);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (take(ToView(it->key()))) RETURN_IF_ERROR(writer.Put(it->key(), it->value()));
  }
  RETURN_IF_ERROR(FromRocks(it->status(), "salvaging"));
  gaps.insert(gaps.end(), found.begin(), found.end());
  return writer.Flush();
}

}  // namespace gateway::store
