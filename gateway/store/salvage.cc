#include "gateway/store/salvage.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/store/rocks_store.h"
#include "gateway/store/salvage_files.h"
#include "gateway/store/salvage_view.h"

namespace gateway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListBytesMax = 16u << 20;
constexpr std::string_view kRemedy = "restore a backup with `commons backup restore`";

// The list that CURRENT names; empty if it names none that is there.
std::string CurrentList(const std::string& dir) {
  const StatusOr<std::string> text = ReadFile(dir + "/" + std::string(kCurrent), 64);
  if (!text.ok() || text->empty() || text->back() != '\n') return {};
  const std::string name = text->substr(0, text->size() - 1);
  std::error_code error;
  const bool there = IsManifest(name) && name.find('/') == std::string::npos &&
                     fs::is_regular_file(fs::path(dir) / name, error);
  return there ? name : std::string();
}

// Whether a list of files ends in the middle of a record, which RocksDB takes for its end: in blocks
// of 32 KiB, each piece of a record is u32 checksum | u16 size | u8 type (1 whole, 4 last), all
// little-endian.
bool IsCutShort(const std::string& path) {
  constexpr std::size_t kBlock = 32u << 10;
  constexpr std::size_t kHeader = 7;
  const StatusOr<std::string> list = ReadFile(path, kListBytesMax);
  if (!list.ok()) return false;
  uint8_t type = 1;
  for (std::size_t at = 0; at < list->size();) {
    const std::size_t left = kBlock - at % kBlock;
    if (left < kHeader) {
      at += left;
      continue;
    }
    if (at + kHeader > list->size()) return true;
    const auto byte = [&](std::size_t i) { return static_cast<uint8_t>((*list)[at + i]); };
    type = byte(6);
    at += kHeader + byte(4) + std::size_t{256} * byte(5);
    if (at > list->size()) return true;
  }
  return type != 1 && type != 4;
}

// A table file that was written of a log and had not come into the list when the process ended is
// there twice for a repair: as itself, and made anew of that log, with the same rows under the same
// sequence numbers. Debian's RocksDB refuses that, and says which file the new one clashes with.
std::string TableFileThatIsInALog(std::string_view refusal) {
  constexpr std::string_view kBefore = "vs. file #";
  const std::size_t at = refusal.find(kBefore);
  if (at == std::string_view::npos) return {};
  refusal.remove_prefix(at + kBefore.size());
  const std::size_t digits = std::min(refusal.find_first_not_of("0123456789"), refusal.size());
  if (digits == 0 || digits > 6) return {};
  return std::string(6 - digits, '0') + std::string(refusal.substr(0, digits)) + ".sst";
}

class Run {
 public:
  explicit Run(const Salvage& salvage)
      : salvage_(salvage),
        dir_(salvage.dir),
        work_(dir_ + "/salvage"),
        known_changes_(salvage.known_changes) {}

  StatusOr<bool> IfDamaged();

 private:
  Status FindSource();
  Status OpenSource(const std::string& source);
  Status Repair();
  // Into `repaired`, from all files but those of `twice`.
  Status RepairWithout(const std::set<std::string>& twice, const std::string& repaired) const;
  // A view in which those of the damaged files that `is_empty` says are empty.
  StatusOr<std::unique_ptr<SalvageView>> OpenWith(
      const std::string& name, const std::function<bool(const DamagedFile&)>& is_empty) const;
  Status CheckSource() const;
  Status Build();
  Status Judge(const std::vector<Gap>& gaps);
  Status Quarantine() const;
  bool ListIsShort() const;

  const Salvage& salvage_;
  const std::string dir_;
  const std::string work_;
  uint64_t known_changes_;
  std::vector<std::string> names_;  // of the files in dir_
  std::string list_;                // the newest list of files
  bool list_damaged_ = false;
  std::string source_;              // where the rows come from: dir_, or links to its files
  std::unique_ptr<SalvageView> whole_, without_;
  std::vector<DamagedFile> damaged_;
  std::vector<Loss> losses_;
};

Status Run::OpenSource(const std::string& source) {
  whole_.reset();
  ASSIGN_OR_RETURN(whole_, SalvageView::Open(source, salvage_.env, salvage_.memory));
  source_ = source;
  return OkStatus();
}

// The list names an older store than there was, and files lie about that it does not name.
bool Run::ListIsShort() const {
  return whole_->db().GetLatestSequenceNumber() < known_changes_ &&
         std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
           return IsTableFile(name) && !whole_->Lists(name);
         });
}

// A list of files is made from the files themselves, in links to them.
Status Run::Repair() {
  list_damaged_ = true;
  whole_.reset();
  const std::string repaired = work_ + "/repaired";
  std::set<std::string> twice;
  for (Status made = RepairWithout(twice, repaired); !made.ok();
       made = RepairWithout(twice, repaired)) {
    const std::string name = TableFileThatIsInALog(Message(made));
    if (std::ranges::find(names_, name) == names_.end() || !twice.insert(name).second) return made;
  }
  RETURN_IF_ERROR(OpenSource(repaired));
  losses_.push_back({.what = "the list of the store's files, made again from what was there",
                     .file = list_,
                     .found = {},
                     .ledger = true});
  for (std::size_t table = 1; table < kTablesEnd; ++table) {
    if (whole_->Handle(static_cast<Table>(table)) != nullptr) continue;
    losses_.push_back({.what = Format("rows of table %s, if they were in the log only",
                                      NameOf(static_cast<Table>(table))),
                       .file = list_,
                       .found = {},
                       .ledger = true});
  }
  return OkStatus();
}

Status Run::RepairWithout(const std::set<std::string>& twice, const std::string& repaired) const {
  RETURN_IF_ERROR(MakeEmpty(repaired));
  for (const std::string& name : names_) {
    if ((!IsTableFile(name) && !IsLog(name)) || twice.contains(name)) continue;
    const std::string path = dir_ + "/" + name;
    if (IsTableFile(name) && !CheckTableFile(path, Look::kEverything).ok()) {
      return DataLoss("the store's file %s and the list of its files are damaged; %s", name, kRemedy);
    }
    RETURN_IF_ERROR(LinkOrCopy(path, repaired + "/" + name));
  }
  rocksdb::DBOptions options = MakeDbOptions(salvage_.memory);
  options.write_buffer_manager = nullptr;
  const rocksdb::ColumnFamilyOptions table_options = MakeTableOptions(salvage_.memory);
  return FromRocks(
      rocksdb::RepairDB(repaired, options, {{rocksdb::kDefaultColumnFamilyName, table_options}},
                        table_options),
      "repairing");
}

Status Run::FindSource() {
  list_ = CurrentList(dir_);
  std::string source = dir_;
  if (list_.empty()) {
    // The list may be whole, and only the file that names it broken.
    for (const std::string& name : names_) {
      if (IsManifest(name)) list_ = name;
    }
    if (list_.empty()) return Repair();
    source = work_ + "/listed";
    RETURN_IF_ERROR(MakeEmpty(source));
    for (const std::string& name : names_) {
      if (!IsTableFile(name) && !IsLog(name) && name != list_) continue;
      RETURN_IF_ERROR(LinkOrCopy(dir_ + "/" + name, source + "/" + name));
    }
    RETURN_IF_ERROR(WriteFile(source + "/" + std::string(kCurrent), list_ + "\n",
                              FileMode::kPrivate, IfExists::kReplace));
  }
  const Status opened = salvage_.distrust_list ? DataLoss("list of files") : OpenSource(source);
  if (opened.code() == StatusCode::kResourceExhausted) return opened;
  const bool whole = opened.ok() && !ListIsShort() && !IsCutShort(dir_ + "/" + list_);
  return whole ? OkStatus() : Repair();
}

StatusOr<std::unique_ptr<SalvageView>> Run::OpenWith(
    const std::string& name, const std::function<bool(const DamagedFile&)>& is_empty) const {
  const std::string folder = work_ + "/" + name;
  RETURN_IF_ERROR(MakeEmpty(folder));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesIn(source_));
  for (const std::string& file : names) {
    const auto found = std::ranges::find(damaged_, file, &DamagedFile::name);
    if (IsRocks(file) && (found == damaged_.end() || !is_empty(*found))) {
      RETURN_IF_ERROR(LinkOrCopy(source_ + "/" + file, folder + "/" + file));
    }
  }
  for (const DamagedFile& file : damaged_) {
    if (is_empty(file)) RETURN_IF_ERROR(WriteStandIn(file, folder + "/" + file.name));
  }
  return SalvageView::Open(folder, salvage_.env, salvage_.memory);
}

// A store that is made anew gets a format: it must have had one.
Status Run::CheckSource() const {
  std::string format;
  const bool has = whole_->Handle(Table::kMeta) != nullptr &&
                   whole_->db().Get({}, whole_->Handle(Table::kMeta), "format", &format).ok();
  return has ? OkStatus() : DataLoss("the store's format is missing; %s", kRemedy);
}

Status Run::Judge(const std::vector<Gap>& gaps) {
  const auto refuse = [](const Gap& gap) {
    return DataLoss("the store's table \"%s\" is damaged (file %s); %s", NameOf(gap.table), gap.file,
                    kRemedy);
  };
  for (const Gap& gap : gaps) {
    const bool head = gap.table == Table::kLedger && gap.first <= "h" && gap.last >= "h";
    // Without a key its rows do not open, and an erased household's tombstone is a key's row; what
    // was withdrawn would be readable again without its retraction.
    if (head || gap.table == Table::kMeta || gap.table == Table::kKeys ||
        gap.table == Table::kRetractions) {
      return refuse(gap);
    }
    std::string rows = NameOfRows(gap);
    if (rows.empty()) continue;
    losses_.push_back({.what = std::move(rows),
                       .file = gap.file,
                       .found = {},
                       .ledger = gap.table == Table::kLedger || gap.table == Table::kCells ||
                                 gap.table == Table::kSheets || gap.table == Table::kReasons});
  }
  const uint64_t changes = whole_->db().GetLatestSequenceNumber();
  if (changes < known_changes_) {
    losses_.push_back(
        {.what = Format("the last %u changes of the store", known_changes_ - changes),
         .file = {},
         .found = {}});
  }
  return OkStatus();
}

Status Run::Build() {
  const std::string made = work_ + "/new";
  std::vector<Gap> gaps;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<RocksStore> store,
                     RocksStore::Open(made, salvage_.env, salvage_.memory,
                                      std::make_shared<rocksdb::EventListener>()));
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    for (std::size_t i = 1; i < kTablesEnd; ++i) {
      const auto table = static_cast<Table>(i);
      handles.push_back(store->Handle(table));
      RETURN_IF_ERROR(CopyTable(table, *whole_, without_ == nullptr ? *whole_ : *without_, damaged_,
                                store->db(), store->Handle(table), gaps));
    }
    RETURN_IF_ERROR(FromRocks(store->db().Flush({}, handles), "salvaging"));
    RETURN_IF_ERROR(store->Close());
  }
  return Judge(gaps);
}

Status Run::Quarantine() const {
  std::vector<std::string> names;
  for (const DamagedFile& file : damaged_) names.push_back(file.name);
  if (list_damaged_ && !list_.empty()) names.push_back(list_);
  if (CurrentList(dir_).empty()) names.emplace_back(kCurrent);
  const fs::path quarantine = fs::path(dir_) / "quarantine";
  std::error_code error;
  fs::create_directories(quarantine, error);
  RETURN_IF_ERROR(Done(error, "making a folder"));
  for (const std::string& name : names) {
    const fs::path from = fs::path(dir_) / name;
    if (!fs::exists(from, error)) continue;
    fs::path to = quarantine / name;
    for (int i = 2; fs::exists(to, error); ++i) to = quarantine / Format("%s.%d", name, i);
    RETURN_IF_ERROR(LinkOrCopy(from, to));
  }
  return SyncDir(quarantine);
}

StatusOr<bool> Run::IfDamaged() {
  RETURN_IF_ERROR(FinishReplacing(dir_));
  const bool replaced = WasReplaced(dir_);
  if (replaced) known_changes_ = 0;
  ASSIGN_OR_RETURN(names_, FilesIn(dir_));
  if (std::none_of(names_.begin(), names_.end(), [](const std::string& name) {
        return IsTableFile(name) || IsLog(name) || IsManifest(name) || name == kCurrent;
      })) {
    return false;
  }
  RETURN_IF_ERROR(FindSource());
  damaged_ = whole_->FindDamaged();
  if (source_ == dir_ && damaged_.empty()) return replaced;
  RETURN_IF_ERROR(CheckSource());
  std::error_code error;
  fs::create_directories(work_, error);
  RETURN_IF_ERROR(Done(error, "making a folder"));
  Log(LogLevel::kError, "store: damaged; it is made anew from what can be read");
  if (!damaged_.empty()) {
    // A file that does not open would keep all of its table from being read, or worse: RocksDB
    // asserts that a file it found once is there.
    ASSIGN_OR_RETURN(whole_, OpenWith("whole", [](const DamagedFile& file) { return !file.opens; }));
    ASSIGN_OR_RETURN(without_, OpenWith("without", [](const DamagedFile&) { return true; }));
  }
  RETURN_IF_ERROR(Build());
  without_.reset();
  whole_.reset();
  if (!losses_.empty()) RETURN_IF_ERROR(salvage_.report(losses_));
  RETURN_IF_ERROR(Quarantine());
  RETURN_IF_ERROR(SyncDir(work_ + "/new"));
  fs::rename(fs::path(work_) / "new", fs::path(work_) / "ready", error);
  RETURN_IF_ERROR(Done(error, "putting files in place"));
  RETURN_IF_ERROR(SyncDir(work_));
  RETURN_IF_ERROR(FinishReplacing(dir_));
  return true;
}

}  // namespace

StatusOr<bool> SalvageIfDamaged(const Salvage& salvage) {
  std::error_code error;
  if (!fs::is_directory(salvage.dir, error)) return false;
  rocksdb::Env* env = rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  RETURN_IF_ERROR(FromRocks(env->LockFile(salvage.dir + "/LOCK", &lock), "opening the store"));
  StatusOr<bool> replaced = Run(salvage).IfDamaged();
  TidyUp(salvage.dir);
  const Status unlocked = FromRocks(env->UnlockFile(lock), "opening the store");
  if (replaced.ok() && !unlocked.ok()) return unlocked;
  return replaced;
}

}  // namespace gateway::store
