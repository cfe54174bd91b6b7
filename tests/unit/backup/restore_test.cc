#include "gateway/backup/restore.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/backup/restored.h"
#include "tests/unit/backup/backup_fixture.h"

namespace gateway::backup {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RestoreTest : public BackupTest {
 protected:
  // A gateway's directory with another database in it.
  RestoreTest() {
    fs::create_directories(gateway() / "db");
    WriteAll(gateway() / "commonsd.yaml", "config");
    WriteAll(gateway() / "keyslots", "old slots");
    WriteAll(gateway() / "db/000099.sst", "old");
  }
  fs::path gateway() const { return root_ / "gw"; }
  StatusOr<RestoreResult> Do(RestoreRequest request = {}, const Progress& progress = {}) {
    if (request.dir.empty()) request.dir = gateway();
    if (request.gateway.empty()) request.gateway = "gw-a";
    request.at = Time(std::chrono::hours(5));
    auto source = OpenFolder(folder(), "");
    if (!source.ok()) return source.status();
    return Restore(**source, request, progress);
  }
  KeysBackup Keys() const {
    return {.gateway = "gw-a", .keyslots = "slots", .config = "made", .mode = "live\n"};
  }
  std::map<std::string, std::string> Database(const fs::path& dir) const {
    auto files = FilesOf(dir / "db");
    files.erase("erasures");
    files.erase("withdrawals");
    files.erase("restored");
    return files;
  }
};

TEST_F(RestoreTest, PutsTheBackupInThePlaceOfTheDatabase) {
  const SignedManifest made = Create();
  ASSERT_TRUE(Do().ok());
  EXPECT_EQ(Database(gateway()), FilesOf(db()));
  const auto restored = ReadRestored(ReadAll(gateway() / "db/restored"));
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->backup, made.id);
  EXPECT_EQ(restored->at, Time(std::chrono::hours(5)));
  // What was replaced, until a start has opened what replaced it.
  EXPECT_TRUE(fs::exists(gateway() / "db.restoring"));
  EXPECT_EQ(ReadAll(gateway() / "keyslots"), "old slots");
}

TEST_F(RestoreTest, TouchesNothingIfOneByteOfTheBackupIsWrong) {
  const fs::path object = ObjectOf(Create(), "OPTIONS-000007");
  WriteAll(object, "smalx");
  EXPECT_EQ(Do().status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Database(gateway()), ElementsAre(::testing::Pair("000099.sst", "old")));
  EXPECT_FALSE(fs::exists(gateway() / "db.restoring"));
}

TEST_F(RestoreTest, KeepsEveryoneErasedWhoeverKnowsOfIt) {
  const std::string a(16, 'a'), b(16, 'b'), c(16, 'c');
  Create(1, {a});
  WriteAll(gateway() / "db/erasures", WriteErasures({b}));
  EXPECT_EQ(Do({.erased = {c, a}})->erased, 3u);
  EXPECT_THAT(*ReadErasures(ReadAll(gateway() / "db/erasures")), ElementsAre(a, b, c));
  EXPECT_THAT(ReadRestored(ReadAll(gateway() / "db/restored"))->erased, ElementsAre(a, b, c));
}

TEST_F(RestoreTest, ADamagedListOfErasuresIsNotTakenForAnEmptyOne) {
  Create();
  WriteAll(gateway() / "db/erasures", "616161\n");
  EXPECT_EQ(Do().status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAll(gateway() / "db/000099.sst"), "old");
}

TEST_F(RestoreTest, CarriesOverWhatWasWithdrawn) {
  const std::string a(16, 'a'), b(16, 'b');
  const SignedManifest made = Create();
  WriteAll(gateway() / "db/withdrawals", WriteWithdrawals({.signer = made.signer, .grants = {a}}));
  const auto done = Do({.withdrawals = Withdrawals{.signer = std::string(32, 'x'), .grants = {b}}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_FALSE(done->withdrawals_unknown_since.has_value());
  const auto list = ReadWithdrawals(ReadAll(gateway() / "db/withdrawals"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->grants, ElementsAre(a, b));
  EXPECT_FALSE(list->unknown_since.has_value());
}

TEST_F(RestoreTest, WithoutAListOfThisStoreItSaysSinceWhenNothingIsKnown) {
  const SignedManifest made = Create(7);
  const Time backup_made = made.manifest.created;
  EXPECT_EQ(Do()->withdrawals_unknown_since, backup_made);
  // Nor does the list that this left make it known, to the same restore again.
  EXPECT_EQ(Do()->withdrawals_unknown_since, backup_made);
  const std::string other = WriteWithdrawals({.signer = std::string(32, 'x')});
  WriteAll(gateway() / "db/withdrawals", other);
  EXPECT_EQ(Do()->withdrawals_unknown_since, backup_made);
  // An incomplete list knows as much as the later of list and backup.
  const Time later = backup_made + std::chrono::hours(1);
  WriteAll(gateway() / "db/withdrawals",
           WriteWithdrawals({.signer = made.signer, .grants = {}, .unknown_since = later}));
  EXPECT_EQ(Do()->withdrawals_unknown_since, later);
}

TEST_F(RestoreTest, ADamagedListOfWithdrawalsIsNotTakenForAnEmptyOne) {
  const SignedManifest made = Create();
  const std::string whole = WriteWithdrawals({.signer = made.signer, .grants = {std::string(16, 'a')}});
  for (const std::size_t size : {whole.size() - 1, whole.size() - 4, whole.size() - 20}) {
    WriteAll(gateway() / "db/withdrawals", whole.substr(0, size));
    EXPECT_EQ(Do().status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(ReadAll(gateway() / "db/000099.sst"), "old");
}

TEST_F(RestoreTest, RefusesWhileADaemonHasTheDirectory) {
  Create();
  const int fd = open(gateway().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(Do().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadAll(gateway() / "db/000099.sst"), "old");
  close(fd);
}

TEST_F(RestoreTest, RefusesAnotherGatewaysBackup) {
  Create();
  EXPECT_EQ(Do({.gateway = "gw-b"}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadAll(gateway() / "db/000099.sst"), "old");
}

TEST_F(RestoreTest, AnEmptyDirectoryNeedsTheKeys) {
  Create();
  EXPECT_EQ(Do({.dir = root_ / "new"}).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Do({.dir = root_ / "new", .keys = Keys()}).ok());
  EXPECT_EQ(Database(root_ / "new"), FilesOf(db()));
  EXPECT_EQ(ReadAll(root_ / "new/keyslots"), "slots");
  EXPECT_EQ(ReadAll(root_ / "new/commonsd.yaml"), "made");
  EXPECT_EQ(ReadAll(root_ / "new/mode"), "live\n");
}

TEST_F(RestoreTest, KeysReplaceTheKeyslotsButNotTheConfiguration) {
  Create();
  ASSERT_TRUE(Do({.keys = Keys()}).ok());
  EXPECT_EQ(ReadAll(gateway() / "keyslots"), "slots");
  EXPECT_EQ(ReadAll(gateway() / "commonsd.yaml"), "config");
}

TEST_F(RestoreTest, StoppedAtAnyPointTheOldDatabaseIsWholeAndItCanBeRepeated) {
  Create();
  for (uint64_t stop_at = 0; stop_at < 700'000; stop_at += 100'000) {
    const Progress stop = [&](uint64_t done, uint64_t) { return done < stop_at; };
    const auto stopped = Do({}, stop);
    if (stopped.ok()) break;
    EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
    EXPECT_THAT(Database(gateway()), ElementsAre(::testing::Pair("000099.sst", "old")));
    EXPECT_FALSE(fs::exists(gateway() / "db.restoring"));
  }
  ASSERT_TRUE(Do().ok());
  EXPECT_EQ(Database(gateway()), FilesOf(db()));
}

TEST_F(RestoreTest, WhatAKilledRestoreLeftIsThrownAway) {
  Create();
  fs::create_directory(gateway() / "db.restoring");
  WriteAll(gateway() / "db.restoring/000012.sst", "half");
  WriteAll(gateway() / "db.restoring/000098.sst", "of another backup");
  ASSERT_TRUE(Do().ok());
  EXPECT_EQ(Database(gateway()), FilesOf(db()));
  EXPECT_FALSE(fs::exists(gateway() / "db.restoring/000098.sst"));
}

}  // namespace
}  // namespace gateway::backup
