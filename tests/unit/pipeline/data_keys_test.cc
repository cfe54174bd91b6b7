// `commons key rotate data` on a whole gateway: what is in its files afterwards, intake meanwhile, and
// a disk that fails at any operation of it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/file.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/pipeline/key_renewal.h"
#include "tests/support/faulty_env.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using store::Table;

// What stands in the tables that households have rows in, and their wrapped keys; without heads and
// nonces, which are alike.
std::vector<std::string> OwnersValues(const std::filesystem::path& dir) {
  const auto copy = dir.parent_path() / "values-copy";
  std::filesystem::copy(dir, copy, std::filesystem::copy_options::recursive);
  std::vector<std::string> values;
  {
    const auto db = store::Database::Open(copy.string());
    EXPECT_TRUE(db.ok());
    for (const Table table : {Table::kRegistry, Table::kBlocks, Table::kJournal}) {
      EXPECT_TRUE((*db)->Scan(table, "", "", [&](std::string_view, std::string_view value) {
        if (store::ParseRowHeader(value)->owner != OwnerId{}) values.emplace_back(value.substr(46));
        return true;
      }).ok());
    }
    EXPECT_TRUE((*db)->Scan(Table::kKeys, {}, {}, [&](std::string_view key,
                                                      std::string_view value) {
      if (!key.starts_with(std::string(16, '\0'))) values.emplace_back(value.substr(25));
      return true;
    }).ok());
  }
  std::filesystem::remove_all(copy);
  return values;
}

// Files are written in blocks, and a value may be cut where one ends.
bool HoldsPieceOf(const std::string& bytes, const std::string& value) {
  constexpr std::size_t kPiece = 16;
  for (std::size_t at = 0; at + kPiece <= value.size(); at += kPiece) {
    if (bytes.find(value.substr(at, kPiece)) != std::string::npos) return true;
  }
  return false;
}

TEST(DataKeysTest, NoFileHoldsAnOldKeyOrWhatItSealed) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  commons.SendDay(member, "2013-01-13T00:00:00Z", 500);
  commons.Restart();
  const std::vector<std::string> old = OwnersValues(commons.dir());
  ASSERT_GE(old.size(), 1u + 1 + 48 + 2);
  const std::string before = AllBytes(commons.dir());
  for (const std::string& value : old) ASSERT_TRUE(HoldsPieceOf(before, value));
  const auto made = commons.gateway().RotateKeys("data");
  ASSERT_TRUE(made.ok()) << Message(made.status());
  EXPECT_EQ(*made, 2u);  // of the registry, and of the month
  const std::string after = AllBytes(commons.dir());
  for (const std::string& value : old) EXPECT_FALSE(HoldsPieceOf(after, value));
  for (const bool crashed : {true, false}) {
    crashed ? commons.Crash() : commons.Restart();
    EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 1u);
    commons.SendDay(member, "2013-01-13T00:00:00Z", 500);
    EXPECT_EQ(commons.Counts()["repeated"], 48u);
  }
}

TEST(DataKeysTest, AHouseholdIsErasedAfterItAsBeforeIt) {
  Commons commons;
  const Member gone = commons.Join("flat-1"), stays = commons.Join("flat-2");
  for (const Member* member : {&gone, &stays}) {
    commons.SendDay(*member, "2013-01-13T00:00:00Z", 500);
  }
  ASSERT_TRUE(commons.gateway().RotateKeys("data").ok());
  commons.Restart();
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  commons.SendDay(stays, "2013-01-13T00:00:00Z", 500);
  EXPECT_EQ(commons.Counts()["repeated"], 48u);
  EXPECT_EQ(*commons.gateway().RotateKeys("data"), 2u);
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 1u);
  commons.Close();
  const auto db = store::Database::Open(commons.dir().string());
  const auto keyslots = *ReadFile(commons.keyslots(), crypto::kKeyslotsBytesMax);
  auto masters =
      crypto::OpenMasters(*crypto::ParseKeyslots(keyslots), commons.slot_secret());
  const auto vault = store::Vault::Open(**db, *std::move(masters));
  ASSERT_TRUE(vault.ok());
  const OwnerId owner = (*vault)->OwnerOf(SubjectId::FromBytes(gone.invite.subject));
  EXPECT_TRUE((*vault)->IsErased(owner));
  for (const Table table : {Table::kRegistry, Table::kJournal, Table::kBlocks}) {
    ASSERT_TRUE((*db)->Scan(table, "", "", [&](std::string_view key, std::string_view value) {
      const bool of_gone = store::ParseRowHeader(value)->owner == owner;
      EXPECT_TRUE(!of_gone || table == Table::kJournal);
      EXPECT_EQ((*vault)->OpenRow(table, key, value).status().code(),
                of_gone ? StatusCode::kNotFound : StatusCode::kOk);
      return true;
    }).ok());
  }
}

TEST(DataKeysTest, IntakeGoesOnAndNothingThatWasAcknowledgedIsLost) {
  Commons commons;
  std::vector<Member> members;
  for (int i = 0; i < 3; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  std::atomic<bool> done{false};
  std::atomic<int> wanted{0};
  int sent = 0;
  std::thread intake([&] {
    while (!done.load()) {
      if (sent == wanted.load()) continue;
      const Time time = At("2013-01-13T00:00:00Z") + sent * Millis(1000);
      commons.Send(members[static_cast<std::size_t>(sent) % 3], FormatTime(time), sent);
      ++sent;
    }
  });
  for (int round = 0; round < 12; ++round) {
    wanted += 100;  // they come while the keys change
    const auto made = commons.gateway().RotateKeys("data");
    EXPECT_TRUE(made.ok()) << Message(made.status());
    std::string file;
    EXPECT_TRUE(commons.gateway().ExportHousehold("flat-0", [&](std::string_view sealed) {
      file.append(sealed);
      return true;
    }).ok());
  }
  done.store(true);
  intake.join();
  EXPECT_EQ(commons.Counts()[""], static_cast<uint64_t>(sent));
  commons.Crash();
  for (int i = 0; i < sent; ++i) {
    const Time time = At("2013-01-13T00:00:00Z") + i * Millis(1000);
    commons.Send(members[static_cast<std::size_t>(i) % 3], FormatTime(time), i);
  }
  EXPECT_EQ(commons.Counts()["repeated"], static_cast<uint64_t>(sent));
}

// Fails the disk at one operation, renews, and does what `after` says. Returns the operations.
uint64_t RenewOnABadDisk(uint64_t at, bool crash) {
  FaultyEnv disk;
  Commons commons;
  std::vector<Member> members;
  for (int i = 0; i < 2; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  for (const Member& member : members) commons.SendDay(member, "2013-01-13T00:00:00Z", 500);
  commons.RestartOn(disk.env());
  for (const Member& member : members) commons.SendDay(member, "2013-01-14T00:00:00Z", 500);
  disk.Arm({.at = at,
            .once = !crash,
            .landed = crash ? Fault::Landed::kHalf : Fault::Landed::kNothing});
  const auto made = commons.gateway().RotateKeys("data");
  const uint64_t operations = disk.operations();
  EXPECT_TRUE(at != 0 || made.ok()) << Message(made.status());
  if (crash) commons.Crash([&](const std::filesystem::path&) { disk.Repair(); });
  disk.Repair();
  if (!crash && !made.ok()) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      const auto again = commons.gateway().RotateKeys("data");
      if (again.ok()) break;
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << Message(again.status());
        break;
      }
      std::this_thread::yield();
    }
  }
  commons.Restart();
  for (const Member& member : members) {
    commons.SendDay(member, "2013-01-13T00:00:00Z", 500);
    commons.SendDay(member, "2013-01-14T00:00:00Z", 500);
  }
  EXPECT_EQ(commons.Counts()["repeated"], 2u * 2 * 48);
  EXPECT_EQ(commons.gateway().ListHouseholds()->size(), 2u);
  // What was half written of the list of files is made again from the files, and said.
  const port::GatewayStatus status = *commons.gateway().GetStatus();
  for (const std::string& lost : status.lost) {
    EXPECT_TRUE(crash && (lost.starts_with("the list of the store's files") ||
                          lost.starts_with("rows of table"))) << lost;
  }
  commons.Close();
  const auto db = store::Database::Open(commons.dir().string());
  auto vault = store::Vault::Open(**db, *crypto::SecretKey::FromBytes(commons.master()));
  EXPECT_TRUE(vault.ok());
  for (const Table table : {Table::kRegistry, Table::kJournal, Table::kBlocks}) {
    EXPECT_TRUE((*db)->Scan(table, "", "", [&](std::string_view key, std::string_view value) {
      EXPECT_TRUE((*vault)->OpenRow(table, key, value).ok());
      return true;
    }).ok());
  }
  EXPECT_TRUE((*vault)->Replaced().empty());
  EXPECT_FALSE(*KeyRenewal::IsPending(**vault));
  return operations;
}

TEST(DataKeysTest, WhateverOperationTheDiskFailsAtEveryRowOpensAndTheNextTryEndsIt) {
  const uint64_t operations = RenewOnABadDisk(0, false);
  ASSERT_GT(operations, 10u);
  std::printf("%d operations\n", static_cast<int>(operations));
  const char* set = std::getenv("COMMONS_FAULT_STRIDE");
  const uint64_t stride = set == nullptr ? 31 : std::strtoull(set, nullptr, 10);
  for (const bool crash : {false, true}) {
    for (uint64_t at = 1; at <= operations && !HasFailure(); at += stride) {
      SCOPED_TRACE((crash ? "crash at operation " : "operation ") + std::to_string(at));
      RenewOnABadDisk(at, crash);
    }
  }
}

}  // namespace
}  // namespace gateway::pipeline
