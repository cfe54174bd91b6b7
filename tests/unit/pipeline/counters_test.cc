#include "gateway/pipeline/counters.h"

#include <gtest/gtest.h>

#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using port::DoorCode;

TEST(CountersTest, EveryAccountAddsUpToReceived) {
  IntakeCounters counters;
  counters.Received(5);
  counters.Refused(DoorCode::kUnknownDevice);
  counters.Refused(DoorCode::kNoTime);
  counters.Settle(Outcome::kStored, 2);
  const IntakeCounters::Snapshot snapshot = counters.Read();
  EXPECT_EQ(snapshot.received, 5u);
  EXPECT_EQ(snapshot.waiting, 1u);
  uint64_t settled = 0;
  for (const port::DoorCount& count : snapshot.counts) settled += count.observations;
  EXPECT_EQ(settled, 4u);
}

TEST(PipelineTest, FirstValueWinsAndEachRepetitionIsNamed) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Send(member, "2013-01-14T00:00:00Z", 200);
  commons.Send(member, "2013-01-14T00:00:00Z", 100, /*redelivered=*/true);
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts[""], 1u);
  EXPECT_EQ(counts["repeated"], 1u);
  EXPECT_EQ(counts["conflict"], 1u);
  EXPECT_EQ(counts["redelivered"], 1u);
  EXPECT_EQ(counts["waiting"], 0u);
}

// Arrival says when, not which: a burst of one sensor comes in one millisecond.
TEST(PipelineTest, ReadingsThatArrivedInOneMillisecondAreAllKept) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  const auto arrive = [&](const std::string& payload, bool redelivered) {
    const auto table = commons.gateway().admissions();
    const port::Admitted admitted{&table->Find("generic", member.device, "load"),
                                  {.time = At("2013-01-14T00:00:00Z"),
                                   .value = std::stoll(payload),
                                   .quality = kQualityArrivalTime}};
    commons.gateway().Received(1);
    EXPECT_TRUE(commons.gateway()
                    .Append({.topic = "t", .payload = payload, .redelivered = redelivered},
                            {&admitted, 1}, /*numbered=*/false)
                    .ok());
  };
  for (const char* payload : {"100", "100", "200"}) arrive(payload, /*redelivered=*/false);
  EXPECT_EQ(commons.Counts()[""], 3u);
  commons.Restart();  // what was stored is not in memory any more
  arrive("200", /*redelivered=*/true);
  arrive("300", /*redelivered=*/true);
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts[""], 1u);
  EXPECT_EQ(counts["redelivered"], 1u);
}

TEST(PipelineTest, RedeliveryIsRecognisedAfterARestart) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Restart();
  commons.Send(member, "2013-01-14T00:00:00Z", 100, /*redelivered=*/true);
  EXPECT_EQ(commons.Counts()["redelivered"], 1u);
}

TEST(PipelineTest, EntriesFoundUnfoldedAtStartCountAsReceived) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  commons.Send(member, "2013-01-14T00:00:00Z", 100);
  commons.Send(member, "2013-01-14T00:30:00Z", 100);
  commons.Crash();  // no checkpoint was written
  std::map<std::string, uint64_t> counts = commons.Counts();
  EXPECT_EQ(counts["received"], 2u);
  EXPECT_EQ(counts[""], 2u);
}

TEST(PipelineTest, UnknownMetricHasNoCollectRule) {
  Commons commons;
  const Member member = commons.Join("flat-1");
  EXPECT_EQ(commons.gateway().admissions()->Find("generic", member.device, "audio").code,
            DoorCode::kNoCollectRule);
  const port::Admission& admitted = commons.gateway().admissions()->Find("generic", member.device, "load");
  EXPECT_EQ(admitted.code, DoorCode::kAdmitted);
  EXPECT_EQ(admitted.rule, RuleId("c-load"));
}

}  // namespace
}  // namespace gateway::pipeline
