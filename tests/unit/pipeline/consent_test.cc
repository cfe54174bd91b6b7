#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/store/database.h"
#include "tests/support/faulty_env.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kDay = "2013-01-14T00:00:00Z";
constexpr std::string_view kDue = "2013-01-16T06:00:00Z";

// The number of households behind the daily cell; 0 if it is suppressed.
uint32_t DailyCount(Commons& commons) {
  EXPECT_TRUE(commons.gateway().AdvanceClock(At(kDue)).ok());
  for (const port::DecidedCell& decided : commons.Cells({.rule = "load-daily"})) {
    return decided.cell.figures.has_value() ? decided.cell.figures->count : 0;
  }
  ADD_FAILURE() << "no daily cell";
  return 0;
}

struct FourHomes {
  Commons commons;
  std::vector<Member> members;
  FourHomes() {
    for (int i = 0; i < 4; ++i) members.push_back(commons.Join("flat-" + std::to_string(i)));
  }
  void SendAll() {
    for (const Member& member : members) commons.SendDay(member, kDay, 100);
  }
};

TEST(ConsentTest, HouseholdWithoutGrantIsInNoCell) {
  FourHomes homes;
  Member silent = homes.commons.Invite("silent");
  homes.commons.Confirm(silent);
  homes.SendAll();
  homes.commons.SendDay(silent, kDay, 100);
  EXPECT_EQ(DailyCount(homes.commons), 4u);
}

TEST(ConsentTest, WithdrawalInTheAfternoonRemovesTheWholeDay) {
  FourHomes homes;
  homes.SendAll();
  ASSERT_TRUE(homes.commons.gateway().AdvanceClock(At("2013-01-14T15:00:00Z")).ok());
  ASSERT_EQ(*homes.commons.gateway().WithdrawGrants("flat-0", ""), 1u);
  EXPECT_EQ(DailyCount(homes.commons), 3u);
}

TEST(ConsentTest, WithdrawalSurvivesACrash) {
  FourHomes homes;
  homes.SendAll();
  ASSERT_EQ(*homes.commons.gateway().WithdrawGrants("flat-0", ""), 1u);
  homes.commons.Crash();
  EXPECT_EQ(DailyCount(homes.commons), 3u);
}

class FailedWithdrawalTest : public ::testing::Test {
 protected:
  // A withdrawal that the disk refuses, and the disk repaired.
  void WithdrawOnABadDisk() {
    homes_.SendAll();
    ASSERT_TRUE(homes_.commons.gateway().AdvanceClock(At("2013-01-14T15:00:00Z")).ok());
    homes_.commons.RestartOn(disk_.env());
    disk_.Arm({.at = 1});
    const Status failed = homes_.commons.gateway().WithdrawGrants("flat-0", "").status();
    ASSERT_EQ(failed.code(), StatusCode::kUnavailable) << Message(failed);
    ASSERT_GT(disk_.failures(), 0u);
    EXPECT_EQ(homes_.commons.gateway().ListGrants("flat-0")->at(0).state, "withdrawn");
    disk_.Repair();
  }
  // Until the store has healed.
  template <typename Command>
  Status Retried(Command command) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    Status status = command();
    while (!status.ok() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      status = command();
    }
    return status;
  }
  uint32_t Count() {
    const Status advanced =
        Retried([&] { return homes_.commons.gateway().AdvanceClock(At(kDue)).status(); });
    EXPECT_TRUE(advanced.ok()) << Message(advanced);
    return DailyCount(homes_.commons);
  }

  FaultyEnv disk_;
  FourHomes homes_;
};

TEST_F(FailedWithdrawalTest, TheHouseholdIsInNoSheetFromThenOn) {
  WithdrawOnABadDisk();
  EXPECT_EQ(Count(), 3u);
}

TEST_F(FailedWithdrawalTest, NewRulesDoNotUndoIt) {
  WithdrawOnABadDisk();
  Commons& commons = homes_.commons;
  const std::string before = HexEncode(crypto::Blake2b256(commons.gateway().documents()->policy));
  const std::string policy = commons.PolicyYaml(3, 2, before);
  const Status activated =
      Retried([&] { return commons.Activate({{crypto::kPolicyType, policy}}); });
  ASSERT_TRUE(activated.ok()) << Message(activated);
  EXPECT_EQ(commons.gateway().ListGrants("flat-0")->at(0).state, "withdrawn");
}

TEST_F(FailedWithdrawalTest, TriedAgainItIsInTheStore) {
  WithdrawOnABadDisk();
  const Status again =
      Retried([&] { return homes_.commons.gateway().WithdrawGrants("flat-0", "").status(); });
  ASSERT_TRUE(again.ok()) << Message(again);
  homes_.commons.Crash([](const std::filesystem::path& dir) {
    std::filesystem::remove(dir / "withdrawals");  // the other place where it is
  });
  EXPECT_EQ(Count(), 3u);
}

TEST(ConsentTest, WithdrawalAfterTheDecisionChangesNothing) {
  FourHomes homes;
  homes.SendAll();
  EXPECT_EQ(DailyCount(homes.commons), 4u);
  const std::vector<port::DecidedCell> before = homes.commons.Cells();
  ASSERT_EQ(*homes.commons.gateway().WithdrawGrants("flat-0", ""), 1u);
  ASSERT_TRUE(homes.commons.gateway().AdvanceClock(At("2013-02-01T00:00:00Z")).ok());
  const std::vector<port::DecidedCell> after = homes.commons.Cells();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].bytes, before[i].bytes);
}

TEST(ConsentTest, GrantCountsByItsOwnDatesNotByItsArrival) {
  FourHomes homes;
  Member slow = homes.commons.Invite("slow");
  homes.commons.Confirm(slow);
  homes.SendAll();
  homes.commons.SendDay(slow, kDay, 100);
  ASSERT_TRUE(homes.commons.gateway().AdvanceClock(At("2013-01-15T12:00:00Z")).ok());
  homes.commons.Grant(slow, {.from = std::string(kDay)});
  EXPECT_EQ(DailyCount(homes.commons), 5u);
}

TEST(ConsentTest, GrantThatBeginsOneSecondAfterTheDayDoesNotCount) {
  FourHomes homes;
  Member slow = homes.commons.Invite("slow");
  homes.commons.Confirm(slow);
  homes.commons.Grant(slow, {.from = "2013-01-14T00:00:01Z"});
  homes.SendAll();
  homes.commons.SendDay(slow, kDay, 100);
  EXPECT_EQ(DailyCount(homes.commons), 4u);
}

TEST(ConsentTest, GrantThatEndsBeforeTheDecisionDoesNotCount) {
  FourHomes homes;
  Member brief = homes.commons.Invite("brief");
  homes.commons.Confirm(brief);
  homes.commons.Grant(brief, {.from = std::string(kDay), .until = "2013-01-16T05:59:59Z"});
  homes.SendAll();
  homes.commons.SendDay(brief, kDay, 100);
  EXPECT_EQ(DailyCount(homes.commons), 4u);
}

TEST(ConsentTest, UnconfirmedHouseholdLeavesNothingButItsRegistryEntry) {
  Commons commons;
  const Member invited = commons.Invite("flat-0");
  EXPECT_EQ(commons.Send(invited, kDay, 100), port::DoorCode::kHouseholdUnconfirmed);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At(kDue)).ok());
  EXPECT_EQ(commons.Counts()["household-unconfirmed"], 1u);
  ASSERT_TRUE(commons.gateway().Close().ok());
  auto db = store::Database::Open(commons.dir().string());
  ASSERT_TRUE(db.ok()) << Message(db.status());
  const auto rows = [&](store::Table table) {
    int count = 0;
    EXPECT_TRUE((*db)->Scan(table, "", "", [&](std::string_view, std::string_view) {
                       ++count;
                       return true;
                     }).ok());
    return count;
  };
  // Three documents, rule ages, recipients, this household.
  EXPECT_EQ(rows(store::Table::kRegistry), 6);
  for (const store::Table table : {store::Table::kJournal, store::Table::kBlocks,
                                   store::Table::kSheets, store::Table::kCells}) {
    EXPECT_EQ(rows(table), 0) << static_cast<int>(table);
  }
  EXPECT_EQ(rows(store::Table::kKeys), 7);  // the gateway's own; the household's for its entry
}

TEST(ConsentTest, GrantChainWithAGapIsRefused) {
  Commons commons;
  Member member = commons.Invite("flat-0");
  commons.Confirm(member);
  commons.Grant(member);
  ++member.grants;  // number 2 was signed and never brought here
  const Status refused = commons.TryGrant(member).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(refused).find("number 3"), std::string_view::npos) << Message(refused);
  EXPECT_EQ(commons.gateway().ListGrants("flat-0")->size(), 1u);
}

TEST(ConsentTest, GrantOfAStrangerIsRefused) {
  Commons commons;
  const Member member = commons.Join("flat-0");
  Member stranger = commons.Invite("flat-1");  // has a key, but no adult of flat-0
  stranger.invite = member.invite;
  EXPECT_EQ(commons.TryGrant(stranger).status().code(), StatusCode::kPermissionDenied);
}

TEST(ConsentTest, WithdrawingAnUnknownGrantNamesIt) {
  Commons commons;
  const Member member = commons.Join("flat-0");
  EXPECT_EQ(commons.gateway().WithdrawGrants("flat-0", std::string(32, 'x')).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(commons.gateway().WithdrawGrants("flat-9", "").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace gateway::pipeline
