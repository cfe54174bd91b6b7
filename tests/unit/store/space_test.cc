#include "gateway/store/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "gateway/store/journal.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::steady_clock::time_point kSomeTime{};
constexpr auto kLater = kSomeTime + limits::kSpaceLookInterval;

TEST(SpaceTest, IntakePausesAtTheQuotaOrTheFloorAndGoesOnWithSomethingToSpare) {
  struct Case {
    std::string_view name;
    Space space;
    SpaceLimits limits;
    bool paused;
    bool want;
  };
  const Case cases[] = {
      {"no limits", {.used_bytes = 99, .free_bytes = 0}, {}, false, true},
      {"below the quota", {99, 0}, {.quota_bytes = 100}, false, true},
      {"at the quota", {100, 0}, {.quota_bytes = 100}, false, false},
      {"paused, hardly below the quota", {1500, 0}, {.quota_bytes = 1600}, true, false},
      {"paused, well below the quota", {1499, 0}, {.quota_bytes = 1600}, true, true},
      {"at the floor", {0, 1600}, {.free_bytes_min = 1600}, false, true},
      {"below the floor", {0, 1599}, {.free_bytes_min = 1600}, false, false},
      {"paused, hardly above the floor", {0, 1699}, {.free_bytes_min = 1600}, true, false},
      {"paused, well above the floor", {0, 1700}, {.free_bytes_min = 1600}, true, true},
      {"room on the disk, none in the quota", {200, 1600}, {100, 1600}, false, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Status checked = CheckSpace(c.space, c.limits, c.paused);
    EXPECT_EQ(checked.code(), c.want ? StatusCode::kOk : StatusCode::kResourceExhausted);
  }
}

TEST(SpaceTest, TheReasonNamesWhatIsUsedTheLimitAndTheRemedy) {
  const Status quota = CheckSpace({.used_bytes = 777}, {.quota_bytes = 555}, false);
  EXPECT_THAT(std::string(Message(quota)), HasSubstr("777"));
  EXPECT_THAT(std::string(Message(quota)), HasSubstr("555"));
  EXPECT_THAT(std::string(Message(quota)), HasSubstr("raise disk_quota"));
  const Status floor = CheckSpace({.free_bytes = 33}, {.free_bytes_min = 44}, false);
  EXPECT_THAT(std::string(Message(floor)), HasSubstr("33 bytes free"));
  EXPECT_THAT(std::string(Message(floor)), HasSubstr("44"));
  EXPECT_THAT(std::string(Message(floor)), HasSubstr("free disk space"));
}

TEST(SpaceTest, AFullQuotaStopsTheJournalButNoDeletionAndEndsByItself) {
  const Scratch scratch;
  const std::string ballast = scratch.dir() + "/ballast";
  auto db = Database::Open(
      {.dir = scratch.dir(), .space = {.quota_bytes = 8u << 20, .free_bytes_min = 0}});
  ASSERT_TRUE(db.ok()) << db.status();
  auto vault = Vault::Open(**db, MasterKey());
  ASSERT_TRUE(vault.ok()) << vault.status();
  auto journal = Journal::Open(**vault, 0);
  ASSERT_TRUE(journal.ok());
  const JournalEntry entry{.owner = OwnerId::FromBytes(std::string(16, 'o')), .items = {{}}};
  ASSERT_TRUE((*journal)->Append(entry, Time()).ok());
  std::ofstream(ballast) << "";
  std::filesystem::resize_file(ballast, 9u << 20);
  ASSERT_TRUE((*db)->Tend(kSomeTime).ok());
  EXPECT_EQ((*journal)->Append(entry, Time()).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ((*journal)->last(), 1u);
  EXPECT_TRUE((*journal)->TrimThrough(1).ok());
  Batch none;
  EXPECT_TRUE((*vault)->DestroyOwner(none, entry.owner).ok());
  EXPECT_TRUE((*db)->Sync().ok());
  std::filesystem::remove(ballast);
  ASSERT_TRUE((*db)->Tend(kLater).ok());
  const JournalEntry other{.owner = OwnerId::FromBytes(std::string(16, 'p')), .items = {{}}};
  EXPECT_TRUE((*journal)->Append(other, Time()).ok());
}

TEST(SpaceTest, ADiskWithLessFreeThanTheFloorPausesFromTheStart) {
  const Scratch scratch;
  const auto db = Database::Open(
      {.dir = scratch.dir(), .space = {.quota_bytes = 0, .free_bytes_min = uint64_t{1} << 62}});
  ASSERT_TRUE(db.ok()) << db.status();
  EXPECT_EQ((*db)->space().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE((*db)->health().ok());
}

}  // namespace
}  // namespace gateway::store
