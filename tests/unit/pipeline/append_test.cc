// Messages that hold readings of more than one owner, and messages that come again.
#include <gtest/gtest.h>

#include "gateway/pipeline/pipeline.h"
#include "tests/support/faulty_env.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

constexpr std::string_view kTime = "2013-01-14T00:00:00Z";

class AppendTest : public ::testing::Test {
 protected:
  AppendTest() {
    for (const char* home : {"flat-0", "flat-1"}) members_.push_back(commons_.Join(home));
  }

  // A gateway's message: two readings of the first home, one of the second.
  Status Append(const std::string& payload, bool redelivered, bool numbered,
                uint8_t quality = kQualityNone, Millis later = Millis(0)) {
    const auto table = commons_.gateway().admissions();
    std::vector<port::Admitted> readings;
    for (int i = 0; i < 3; ++i) {
      const Member& member = members_[i < 2 ? 0 : 1];
      const port::Admission& admission = table->Find("generic", member.device, "load");
      EXPECT_EQ(admission.code, port::DoorCode::kAdmitted);
      readings.push_back({&admission,
                          {.time = At(kTime) + i * std::chrono::minutes(30) + later,
                           .value = 100 + i,
                           .quality = quality}});
    }
    return commons_.gateway().Append({.topic = "hub",
                                      .payload = payload,
                                      .retained = false,
                                      .redelivered = redelivered},
                                     readings, numbered);
  }
  void Deliver(const std::string& payload, bool redelivered = false, bool numbered = false,
               uint8_t quality = kQualityNone, Millis later = Millis(0)) {
    commons_.gateway().Received(3);
    const Status appended = Append(payload, redelivered, numbered, quality, later);
    EXPECT_TRUE(appended.ok()) << Message(appended);
  }
  uint64_t Journaled() { return commons_.gateway().GetStatus()->journaled; }

  Commons commons_;
  std::vector<Member> members_;
};

TEST_F(AppendTest, EachOwnerHasARowOfItsOwn) {
  Deliver("a");
  EXPECT_EQ(Journaled(), 2u);
  std::map<std::string, uint64_t> counts = commons_.Counts();
  EXPECT_EQ(counts[""], 3u);
  EXPECT_EQ(counts["received"], 3u);
}

TEST_F(AppendTest, ADiskThatRefusesKeepsNothingAndTheNextTryKeepsAll) {
  FaultyEnv disk;
  commons_.RestartOn(disk.env());
  const uint64_t before = Journaled();
  commons_.gateway().Received(3);
  disk.Arm({.at = 1});
  const Status refused = Append("a", false, false);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable) << Message(refused);
  disk.Repair();
  EXPECT_EQ(Journaled(), before);
  EXPECT_EQ(commons_.Counts()["waiting"], 3u);
  // Not redelivered: the callback tries the same message again, until the store has healed.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!Append("a", false, false).ok()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(Journaled(), before + 2);
  std::map<std::string, uint64_t> counts = commons_.Counts();
  EXPECT_EQ(counts[""], 3u);
  EXPECT_EQ(counts["waiting"], 0u);
  commons_.RestartOn(nullptr);  // before the disk goes
}

TEST_F(AppendTest, ARedeliveredOneIsADuplicateInEachOfItsObservationsAlsoAfterACrash) {
  Deliver("a");
  Deliver("a", true);
  EXPECT_EQ(commons_.Counts()["redelivered"], 3u);
  EXPECT_EQ(Journaled(), 2u);
  commons_.Crash();
  Deliver("a", true);
  std::map<std::string, uint64_t> counts = commons_.Counts();
  EXPECT_EQ(counts["redelivered"], 3u);
  EXPECT_EQ(counts[""], 3u) << "found in the journal, and folded";
  EXPECT_EQ(counts["received"], 6u);
  EXPECT_EQ(Journaled(), 2u);
}

TEST_F(AppendTest, WhatWasStampedOnArrivalComesAgainUnlessItIsNumberedOrSaysSo) {
  const Millis later(10);
  Deliver("a", false, false, kQualityArrivalTime);
  // No number in it: a device may say the same thing twice.
  Deliver("a", false, false, kQualityArrivalTime, later);
  EXPECT_EQ(commons_.Counts()[""], 6u);
  Deliver("a", true, false, kQualityArrivalTime, 2 * later);
  EXPECT_EQ(commons_.Counts()["redelivered"], 3u);
  Deliver("n=1", false, true, kQualityArrivalTime, 3 * later);
  EXPECT_EQ(commons_.Counts()[""], 9u);
  // The same number is the same message, DUP or not.
  Deliver("n=1", false, true, kQualityArrivalTime, 4 * later);
  Deliver("n=1", true, true, kQualityArrivalTime, 5 * later);
  std::map<std::string, uint64_t> counts = commons_.Counts();
  EXPECT_EQ(counts["redelivered"], 9u);
  EXPECT_EQ(counts[""], 9u);
}

}  // namespace
}  // namespace gateway::pipeline
