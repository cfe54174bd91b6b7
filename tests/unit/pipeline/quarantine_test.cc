// The pipeline's quarantine, with made-up decoders in place of profiles.
#include "gateway/store/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using port::DoorCode;
using ::testing::HasSubstr;

using Table = std::shared_ptr<const port::AdmissionTable>;

constexpr std::string_view kTime = "2013-01-14T00:00:00Z";

// As the door does with a payload that it cannot read.
void Refuse(Commons& commons, const Member& member, std::string_view payload,
            bool redelivered = false, std::span<const port::Admitted> beside = {}) {
  const auto table = commons.gateway().admissions();
  const port::Admission admission = table->Find("generic", member.device, "load");
  commons.gateway().Received(1);
  commons.gateway().Refused(DoorCode::kMalformed);
  const std::string topic = "sensors/" + member.device + "/load";
  commons.gateway().Quarantine({.topic = topic, .payload = payload, .redelivered = redelivered},
                               {.admission = admission,
                                .code = DoorCode::kMalformed,
                                .arrival = commons.clock().SystemNow(),
                                .beside = beside});
}

// A profile of today: the payload is a number of Wh at kTime, or at the arrival if it begins with @.
port::Redecoded Decode(const port::Delivery& delivery, const Table& table,
                       const port::ArrivalMoment& arrival) {
  const std::string_view topic = delivery.topic;
  const std::string device(topic.substr(8, topic.size() - 8 - 5));
  const port::Admission& admission = table->Find("generic", device, "load");
  if (admission.code != DoorCode::kAdmitted) return {.code = admission.code, .readings = {}};
  std::string text(delivery.payload);
  const bool stamped = text.starts_with('@');
  if (stamped) text.erase(0, 1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
    return {.code = DoorCode::kMalformed, .readings = {}};
  }
  Reading reading{.time = stamped ? arrival.now : At(kTime), .value = std::stoll(text)};
  if (stamped) reading.quality = kQualityArrivalTime;
  return {.code = DoorCode::kAdmitted, .readings = {{&admission, reading}}};
}

void MendProfiles(Commons& commons) {
  commons.gateway().SetRereading({.decode = Decode, .keys = {"value"}});
}

std::vector<port::QuarantineRow> Rows(Commons& commons, const port::QuarantineFilter& filter = {}) {
  const auto rows = commons.gateway().ListQuarantine(filter);
  EXPECT_TRUE(rows.ok()) << Message(rows.status());
  return rows.ok() ? *rows : std::vector<port::QuarantineRow>();
}

port::RetryResult Retry(Commons& commons) {
  const auto result = commons.gateway().RetryQuarantine({});
  EXPECT_TRUE(result.ok()) << Message(result.status());
  return result.ok() ? *result : port::RetryResult();
}

TEST(QuarantineCommandsTest, TheOperatorSeesReasonDeviceAndShapeOnly) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  MendProfiles(commons);
  Refuse(commons, member, R"({"value": 0.25, "owner": "Ann"})");
  const auto rows = Rows(commons);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].device, member.device);
  EXPECT_EQ(rows[0].reason, "malformed");
  EXPECT_EQ(rows[0].arrival, commons.clock().SystemNow());
  EXPECT_EQ(rows[0].bytes, 31u);
  EXPECT_EQ(rows[0].shape, R"({"value": 9.99, "aaaaa": "aaa"})");
}

TEST(QuarantineCommandsTest, AFilterMatchesDeviceAndReason) {
  Commons commons;
  const Member one = commons.Join("flat-1");
  const Member two = commons.Join("flat-2");
  Refuse(commons, one, "a");
  Refuse(commons, two, "b");
  EXPECT_EQ(Rows(commons, {.device = two.device}).size(), 1u);
  EXPECT_EQ(Rows(commons, {.device = {}, .reason = "malformed"}).size(), 2u);
  EXPECT_EQ(Rows(commons, {.device = {}, .reason = "no-time"}).size(), 0u);
  const auto refused = commons.gateway().ListQuarantine({.device = {}, .reason = "retained"});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("malformed, not-a-number"));
}

TEST(QuarantineCommandsTest, ARetriedMessageIsReceivedAgainAndStoredOnce) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "700");
  Refuse(commons, member, "still not a number");
  MendProfiles(commons);
  const port::RetryResult result = Retry(commons);
  EXPECT_EQ(result.tried, 2u);
  EXPECT_EQ(result.admitted, 1u);
  EXPECT_EQ(result.observations, 1u);
  std::map<std::string, uint64_t> counts = commons.Counts();  // checks the sum
  EXPECT_EQ(counts["received"], 3u);
  EXPECT_EQ(counts["malformed"], 2u);
  EXPECT_EQ(counts[""], 1u);
  EXPECT_EQ(commons.gateway().GetStatus()->retried, 1u);
  EXPECT_EQ(Rows(commons).size(), 1u);  // what is still bad stays
  EXPECT_EQ(Retry(commons).admitted, 0u);
  commons.Restart();
  EXPECT_EQ(commons.Send(member, kTime, 700), DoorCode::kAdmitted);
  EXPECT_EQ(commons.Counts()["repeated"], 1u);
}

TEST(QuarantineCommandsTest, AReadingWithoutATimeKeepsTheTimeItCame) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "@700");
  const Time came = commons.clock().SystemNow();
  ASSERT_TRUE(commons.gateway().AdvanceClock(came + std::chrono::hours(3)).ok());
  MendProfiles(commons);
  EXPECT_EQ(Retry(commons).admitted, 1u);
  // A reading of that very time with that value is a repetition of it.
  const auto table = commons.gateway().admissions();
  const port::Admission admission = table->Find("generic", member.device, "load");
  commons.gateway().Received(1);
  const port::Admitted again{&admission, {.time = came, .value = 700}};
  ASSERT_TRUE(commons.gateway().Append({.topic = "t", .payload = "p"}, {&again, 1}, false).ok());
  EXPECT_EQ(commons.Counts()["repeated"], 1u);
}

TEST(QuarantineCommandsTest, ACrashAfterARetryNeitherLosesNorRepeatsIt) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "700");
  MendProfiles(commons);
  EXPECT_EQ(Retry(commons).admitted, 1u);
  commons.Crash();  // before any checkpoint: it is in the journal
  MendProfiles(commons);
  EXPECT_EQ(Rows(commons).size(), 0u);
  EXPECT_EQ(Retry(commons).tried, 0u);
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts["received"], 1u);
  EXPECT_EQ(counts[""], 1u);
}

TEST(QuarantineCommandsTest, ARedeliveredCopyOfARetriedMessageIsADuplicate) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "@700");
  MendProfiles(commons);
  EXPECT_EQ(Retry(commons).admitted, 1u);
  commons.clock().Set(commons.clock().SystemNow() + std::chrono::minutes(1));
  const auto table = commons.gateway().admissions();
  const port::Admission admission = table->Find("generic", member.device, "load");
  commons.gateway().Received(1);
  const port::Admitted again{&admission, {.time = commons.clock().SystemNow(), .value = 700}};
  const std::string topic = "sensors/" + member.device + "/load";
  ASSERT_TRUE(commons.gateway()
                  .Append({.topic = topic, .payload = "@700", .redelivered = true}, {&again, 1},
                          false)
                  .ok());
  EXPECT_EQ(commons.Counts()["redelivered"], 1u);
}

// The device was given to another household since.
TEST(QuarantineCommandsTest, WhatOneHouseholdSentNeverBecomesAnothers) {
  Commons commons;
  const Member one = commons.Join("flat-1");
  const Member two = commons.Join("flat-2");
  Refuse(commons, one, "700");
  commons.gateway().SetRereading(
      {.decode =
           [&](const port::Delivery& delivery, const Table& table,
               const port::ArrivalMoment& arrival) {
             port::Redecoded decoded = Decode(delivery, table, arrival);
             decoded.readings[0].admission = &table->Find("generic", two.device, "load");
             return decoded;
           },
       .keys = {}});
  EXPECT_EQ(Retry(commons).admitted, 0u);
  EXPECT_EQ(Rows(commons).size(), 1u);
}

TEST(QuarantineCommandsTest, OfALongPayloadOnlyTheHeadIsKeptAndNotTriedAgain) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, std::string(60'000, '7'));
  MendProfiles(commons);
  EXPECT_EQ(Rows(commons).at(0).bytes, 60'000u);
  EXPECT_FALSE(Rows(commons).at(0).whole);
  EXPECT_EQ(Retry(commons).admitted, 0u);
}

TEST(QuarantineCommandsTest, DropDeletesWhatMatches) {
  Commons commons;
  const Member one = commons.Join("flat-1");
  const Member two = commons.Join("flat-2");
  Refuse(commons, one, "a");
  Refuse(commons, two, "b");
  EXPECT_EQ(*commons.gateway().DropQuarantine({.device = one.device}), 1u);
  EXPECT_EQ(Rows(commons).at(0).device, two.device);
  EXPECT_EQ(*commons.gateway().DropQuarantine({}), 1u);
  EXPECT_TRUE(Rows(commons).empty());
}

TEST(QuarantineCommandsTest, NothingIsKeptForLongerThanItsTime) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "a");
  const Time came = commons.clock().SystemNow();
  ASSERT_TRUE(
      commons.gateway().AdvanceClock(came + limits::kQuarantineKept - Millis(1)).ok());
  EXPECT_EQ(Rows(commons).size(), 1u);
  ASSERT_TRUE(commons.gateway().AdvanceClock(came + limits::kQuarantineKept).ok());
  EXPECT_TRUE(Rows(commons).empty());
  EXPECT_EQ(commons.gateway().figures().quarantine.ended[static_cast<std::size_t>(
                store::Quarantine::End::kExpired)],
            1u);
}

TEST(QuarantineCommandsTest, AKeyIsNotDestroyedWhileAMessageIsSealedUnderIt) {
  Commons commons("2013-01-31T12:00:00Z");
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "@700");
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-02-04T00:00:00Z")).ok());
  EXPECT_EQ(commons.gateway().GetStatus()->retention.keys_destroyed, 0u);
  EXPECT_EQ(Rows(commons).size(), 1u);
  ASSERT_TRUE(commons.gateway().AdvanceClock(At("2013-02-08T00:00:00Z")).ok());
  EXPECT_EQ(commons.gateway().GetStatus()->retention.keys_destroyed, 1u);
}

TEST(QuarantineCommandsTest, AnErasedHouseholdLeavesNothingAndGetsNothing) {
  Commons commons;
  const Member gone = commons.Join("flat-1");
  const Member stays = commons.Join("flat-2");
  Refuse(commons, gone, "a");
  Refuse(commons, stays, "b");
  const port::Admission late = commons.gateway().admissions()->Find("generic", gone.device, "load");
  ASSERT_TRUE(commons.gateway().EraseHousehold("flat-1").ok());
  commons.gateway().Quarantine({.topic = "t", .payload = "p"},
                               {.admission = late,
                                .code = DoorCode::kMalformed,
                                .arrival = commons.clock().SystemNow()});
  ASSERT_EQ(Rows(commons).size(), 1u);
  EXPECT_EQ(Rows(commons)[0].device, stays.device);
  commons.Close();
  const auto db = store::Database::Open(commons.dir().string());
  ASSERT_TRUE(db.ok());
  int rows = 0;
  ASSERT_TRUE((*db)->Scan(store::Table::kQuarantine, {}, {},
                          [&](std::string_view, std::string_view value) {
                            ++rows;
                            EXPECT_NE(store::ParseRowHeader(value)->owner, late.owner);
                            return true;
                          })
                  .ok());
  EXPECT_EQ(rows, 1);
  ASSERT_TRUE((*db)->Close().ok());
  ASSERT_TRUE(commons.TryOpen(commons.dir()).ok());
}

TEST(QuarantineCommandsTest, FiguresAnswerWhileThePipelineThreadIsBusy) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "700");
  std::promise<void> busy, go_on;
  commons.gateway().SetRereading(
      {.decode =
           [&](const port::Delivery& delivery, const Table& table,
               const port::ArrivalMoment& arrival) {
             busy.set_value();
             go_on.get_future().wait();
             return Decode(delivery, table, arrival);
           },
       .keys = {}});
  std::thread operating([&] { EXPECT_EQ(Retry(commons).admitted, 1u); });
  busy.get_future().wait();
  EXPECT_EQ(commons.gateway().figures().quarantine.rows, 1u);
  EXPECT_EQ(commons.gateway().figures().intake.received, 1u);
  go_on.set_value();
  operating.join();
}

TEST(QuarantineCommandsTest, TheFiguresAddUpAndNameEveryReason) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  Refuse(commons, member, "a");
  commons.Send(member, kTime, 5);
  const GatewayFigures figures = commons.gateway().figures();
  uint64_t settled = 0;
  std::vector<std::string> reasons;
  for (const port::DoorCount& count : figures.intake.counts) {
    settled += count.observations;
    reasons.push_back(count.reason);
  }
  EXPECT_EQ(figures.intake.received, settled + figures.intake.waiting);
  for (uint8_t i = 1; i < static_cast<uint8_t>(DoorCode::kCount); ++i) {
    const std::string name(port::DoorCodeName(static_cast<DoorCode>(i)));
    EXPECT_EQ(std::ranges::count(reasons, name), 1) << name;
  }
  EXPECT_GE(figures.journaled, figures.gauges.folded);
  EXPECT_EQ(figures.quarantine.rows, 1u);
}

// Values of one message that were stored when it came are not stored again, whatever their time.
TEST(QuarantineCommandsTest, WhatStoodBesideTheRefusedValueIsNotStoredAgain) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  MendProfiles(commons);
  const auto table = commons.gateway().admissions();
  const port::Admitted stored{&table->Find("generic", member.device, "load"),
                              {.time = At(kTime), .value = 5}};
  Refuse(commons, member, "7", false, {&stored, 1});
  EXPECT_EQ(Retry(commons).observations, 0u);
  EXPECT_EQ(Rows(commons).size(), 1u);
}

}  // namespace
}  // namespace gateway::pipeline
