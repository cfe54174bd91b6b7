// One file of the store is flipped, cut short or gone: the gateway starts all the same and tells
// exactly what is missing, or refuses and leaves everything as it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/store/database.h"
#include "gateway/store/high_water.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

namespace fs = std::filesystem;
using Rows = std::map<std::pair<store::Table, std::string>, std::string>;

constexpr std::string_view kDue = "2013-01-16T06:00:00Z";
constexpr std::string_view kLater = "2013-01-18T06:00:00Z";

std::string Bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void SetBytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Rows AllRows(const store::Database& database) {
  Rows rows;
  for (int table = 1; table < int{store::kTablesEnd}; ++table) {
    const auto name = static_cast<store::Table>(table);
    const Status scanned =
        database.Scan(name, {}, {}, [&](std::string_view key, std::string_view value) {
          rows.emplace(std::pair(name, std::string(key)), value);
          return true;
        });
    EXPECT_TRUE(scanned.ok()) << Message(scanned);
  }
  return rows;
}

struct Damage {
  std::string name;
  std::function<void(const fs::path&)> apply;
};

std::vector<Damage> DamagesOf(const fs::path& file) {
  const std::size_t size = fs::file_size(file);
  std::vector<Damage> damages{{"deleted", [](const fs::path& path) { fs::remove(path); }}};
  if (size == 0) return damages;
  for (const std::size_t at : {std::size_t{0}, size / 4, size / 2, size - 1}) {
    damages.push_back({"byte " + std::to_string(at) + " flipped", [at](const fs::path& path) {
                         std::string bytes = Bytes(path);
                         bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
                         SetBytes(path, bytes);
                       }});
  }
  for (const std::size_t left : {std::size_t{0}, size / 2, size - 1}) {
    damages.push_back({"cut to " + std::to_string(left), [left](const fs::path& path) {
                         fs::resize_file(path, left);
                       }});
  }
  return damages;
}

// Whether one of the losses names this row.
bool Covers(const std::vector<store::Loss>& losses, store::Table table, const std::string& key) {
  for (const store::Loss& loss : losses) {
    const std::string& what = loss.what;
    unsigned long long first = 0;
    unsigned long long last = 0;
    switch (table) {
      case store::Table::kJournal: {
        const uint64_t number = ByteReader(key).U64();
        if (std::sscanf(what.c_str(), "journal entries %llu to %llu", &first, &last) == 2 &&
            number >= first && number <= last) {
          return true;
        }
        if (what == store::Entries("journal", number, number)) return true;
        break;
      }
      case store::Table::kBlocks:
        if (what.starts_with("readings of 2013-01")) return true;
        break;
      case store::Table::kRollups:
        if (what.starts_with("rollups of 2013-0")) return true;
        break;
      case store::Table::kLedger:
        if (loss.ledger && what.find("ledger") != std::string::npos) return true;
        break;
      case store::Table::kCells:
        if (loss.ledger && what.starts_with("rows of table cells of ledger entr")) return true;
        break;
      case store::Table::kReasons:
        if (loss.ledger && what.starts_with("rows of table reasons of ledger entr")) return true;
        break;
      case store::Table::kSheets:
        if (loss.ledger && what == "rows of table sheets") return true;
        break;
      case store::Table::kRegistry:
        if (what == "rows of table registry") return true;
        break;
      default:
        break;
    }
  }
  return false;
}

class DamageTest : public ::testing::Test {
 protected:
  // Two days of readings, the first one decided; some of it only in the log.
  DamageTest() {
    for (int i = 0; i < 3; ++i) members_.push_back(commons_.Join("flat-" + std::to_string(i)));
    for (const Member& member : members_) commons_.SendDay(member, "2013-01-14T00:00:00Z", 100);
    commons_.Restart();  // what came so far is in files
    EXPECT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
    for (const Member& member : members_) commons_.SendDay(member, "2013-01-16T00:00:00Z", 200);
    commons_.Restart();
    commons_.Send(members_[0], "2013-01-17T00:00:00Z", 7);
    commons_.Close();
    home_ = commons_.dir();
    base_ = home_.string() + "-base";
    fs::copy(home_, base_, fs::copy_options::recursive);
    fs::remove(base_ / "LOCK");
    const auto database = store::Database::Open(Copy("rows").string());
    EXPECT_TRUE(database.ok());
    before_ = AllRows(**database);
  }

  fs::path Copy(const std::string& name) {
    fs::path copy = home_.string() + "-" + name;
    fs::remove_all(copy);
    fs::copy(base_, copy, fs::copy_options::recursive);
    return copy;
  }

  // Opens the damaged copy of the store alone: what is there and what is reported must be all.
  void CheckRows(const fs::path& dir) {
    std::vector<store::Loss> losses;
    store::DatabaseOptions options{.dir = dir.string()};
    options.known_changes = (*store::HighWater::Open(dir.string()))->mark().changes;
    options.report = [&](const std::vector<store::Loss>& lost) {
      losses = lost;
      return OkStatus();
    };
    const auto database = store::Database::Open(std::move(options));
    if (!database.ok()) return;  // CheckGateway sees the same
    const Rows after = AllRows(**database);
    lost_rows_ = before_.size() > after.size();
    // A log that is cut short is an earlier moment: high_water_test.cc and LossTest look at that.
    if (log_damaged_) return;
    for (const auto& [row, value] : after) {
      // Entries that were folded and trimmed may be back; nothing looks at them again.
      if (row.first == store::Table::kJournal && !before_.contains(row)) continue;
      const auto was = before_.find(row);
      EXPECT_TRUE(was != before_.end() && was->second == value)
          << "table " << int(row.first) << " has a row that was not there";
    }
    for (const auto& [row, value] : before_) {
      if (after.contains(row)) continue;
      EXPECT_TRUE(Covers(losses, row.first, row.second))
          << "table " << int(row.first) << " misses a row, not said by "
          << ::testing::PrintToString([&] {
               std::vector<std::string> said;
               for (const store::Loss& loss : losses) said.push_back(Describe(loss));
               return said;
             }());
    }
  }

  // Opens the same damage as a gateway. Returns whether it started.
  bool CheckGateway(const fs::path& dir, const std::string& file) {
    const bool there = fs::exists(dir / file);
    const std::string damaged = there ? Bytes(dir / file) : std::string();
    const Status opened = commons_.TryOpen(dir);
    if (!opened.ok()) {
      EXPECT_EQ(opened.code(), StatusCode::kDataLoss) << Message(opened);
      EXPECT_THAT(std::string(Message(opened)), ::testing::HasSubstr("backup restore"));
      const fs::path moved = dir / "quarantine" / file;
      const fs::path kept = fs::exists(moved) ? moved : dir / file;
      ++refusals_[std::string(Message(opened))];
      if (std::getenv("DBG")) std::fprintf(stderr, "REFUSED %s\n", std::string(Message(opened)).c_str());
      EXPECT_TRUE(!there || Bytes(kept) == damaged) << kept << " is not the damaged file, after " << Message(opened);
      return false;
    }
    Pipeline& gateway = commons_.gateway();
    const auto status = gateway.GetStatus();
    EXPECT_TRUE(status.ok());
    EXPECT_TRUE(!lost_rows_ || !status->lost.empty());
    if (fs::exists(dir / "quarantine" / file) && there) {
      EXPECT_TRUE(Bytes(dir / "quarantine" / file) == damaged);
    }
    const auto decided = gateway.AdvanceClock(At(kLater));
    EXPECT_TRUE(decided.ok()) << Message(decided.status());
    if (!status->lost.empty()) {
      EXPECT_EQ(gateway.GetStatus()->ledger_size, status->ledger_size) << "decided all the same";
      EXPECT_TRUE(gateway.AcknowledgeLoss().ok());
      EXPECT_TRUE(gateway.GetStatus()->lost.empty());
      EXPECT_TRUE(gateway.AdvanceClock(At(kLater)).ok());
    }
    const auto first = commons_.Counts()[""];
    commons_.Send(members_[1], "2013-01-17T05:30:00Z", ++sent_);
    if (!status->lost.empty() && status->lost[0].find("registry") != std::string::npos) return true;
    EXPECT_EQ(commons_.Counts()[""], first + 1) << "intake does not work";
    return true;
  }

  Commons commons_;
  std::vector<Member> members_;
  fs::path home_, base_;
  Rows before_;
  bool lost_rows_ = false;
  bool log_damaged_ = false;
  int64_t sent_ = 1000;
  std::map<std::string, int> refusals_;
};

// The process dies when the store that was made anew is in place, before the new, smaller number of
// its changes is recorded.
TEST_F(DamageTest, ACrashAfterTheSwapReportsNoLossThatIsNone) {
  const fs::path dir = Copy("cut");
  fs::path largest;  // of readings: without keys nothing could be salvaged
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || fs::file_size(largest) < entry.file_size()) largest = entry.path();
  }
  std::string damaged = Bytes(largest);
  damaged[0] = static_cast<char>(damaged[0] ^ 0x40);  // of a row, most of whose file is readable
  SetBytes(largest, damaged);
  const uint64_t known = (*store::HighWater::Open(dir.string()))->mark().changes;
  const auto open = [&] {
    return store::Database::Open({.dir = dir.string(),
                                  .report = [](const auto&) { return OkStatus(); },
                                  .known_changes = known});
  };
  for (int i = 0; i < 2; ++i) {
    const auto database = open();
    ASSERT_TRUE(database.ok()) << Message(database.status());
    EXPECT_TRUE((*database)->salvaged());
    ASSERT_LT((*database)->changes(), known);
  }
  ASSERT_TRUE(commons_.TryOpen(dir).ok());
  EXPECT_THAT(commons_.gateway().GetStatus()->lost,
              ::testing::Not(::testing::Contains(::testing::StartsWith("the last"))));
  commons_.Close();
  EXPECT_FALSE(fs::exists(dir / "salvage"));
  const auto database = open();
  ASSERT_TRUE(database.ok());
  EXPECT_FALSE((*database)->salvaged());
}

std::size_t Stride() {
  const char* given = std::getenv("COMMONS_DAMAGE_STRIDE");
  return given == nullptr ? 5 : std::stoul(given);
}

TEST_F(DamageTest, WhateverFileIsDamagedTheLossIsExactOrTheRefusalNamesTheRemedy) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(base_)) {
    if (entry.is_regular_file()) files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  std::size_t number = 0;
  int started = 0;
  int failed = 0;
  for (const std::string& file : files) {
    log_damaged_ = file.ends_with(".log");
    for (const Damage& damage : DamagesOf(base_ / file)) {
      if (number++ % Stride() != 0) continue;
      SCOPED_TRACE(file + ": " + damage.name);
      if (std::getenv("DBG")) std::fprintf(stderr, "CASE %s %s\n", file.c_str(), damage.name.c_str());
      const fs::path alone = Copy("alone");
      damage.apply(alone / file);
      lost_rows_ = false;
      CheckRows(alone);
      const fs::path whole = Copy("gateway");
      damage.apply(whole / file);
      if (CheckGateway(whole, file)) {
        ++started;
        commons_.Close();
      }
      if (HasFailure() && ++failed > (std::getenv("DBG") ? 300 : 0)) return;
    }
  }
  std::printf("%d started\n", started);
  for (const auto& [message, times] : refusals_) {
    std::printf("%d refused: %s\n", times, message.c_str());
  }
}

}  // namespace
}  // namespace gateway::pipeline
