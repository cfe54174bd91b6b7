#include "gateway/ingest/resolver.h"

#include <gtest/gtest.h>

#include "gateway/model/limits.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using port::Delivery;
using port::DoorCode;
using Codes = std::vector<DoorCode>;
using Strings = std::vector<std::string>;

constexpr char kPlug[] = R"(schema: commons-profile/1
id: plug
about: a plug with two channels
messages:
  - topic: "plugs/{device...}/status"
    format: json
    device: id
    time: {at: [ts, sys.ts], form: [epoch-s, iso], stamp: end}
    sequence: n
    readings:
      - {metric: power, at: "'switch:{part}'.apower", unit: W, range: [-10, 4000], step: 100}
      - {metric: energy-index, at: "'switch:{part}'.total", unit: kWh}
      - {metric: temperature, at: temp, unit: Cel, unit_at: tunit, units: {C: Cel, F: "°F"}, not: [85], range: [-40, 125]}
      - {metric: occupancy, at: pir, states: {"on": 1, "off": 0}}
      - {metric: humidity, at: air.hum, unit: "%RH", text: true}
      - {metric: count, at: sys.cnt, default: 0}
      - {metric: load, at: used, unit: Wh}
  - {topic: "plugs/{device...}/status/set", ignore: true}
  - {topic: "plugs/bridge/{any...}", ignore: true}
)";

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    for (const char* channel : {"plug-7:0", "plug-7:1"}) {
      table_->Enrol("plug", channel, power_);
      table_->Enrol("plug", channel, index_);
    }
    for (const Metric* metric : {&temperature_, &occupancy_, &humidity_, &count_, &load_}) {
      table_->Enrol("plug", "room", *metric);
    }
    table_->Enrol("generic", "meter", load_);
  }

  static std::vector<Profile> Profiles() {
    std::vector<Profile> profiles;
    profiles.push_back(ParseProfile(kPlug));
    profiles.push_back(ParseProfile(kGeneric));
    return profiles;
  }

  const Resolved& Resolve(const std::string& topic, std::string_view payload,
                          bool retained = false) {
    topic_ = topic;
    return resolver_.Resolve({.topic = topic_, .payload = payload, .retained = retained}, table_,
                             context_);
  }
  Codes Refused(const std::string& topic, std::string_view payload, bool retained = false) {
    Codes codes;
    for (const Refusal& r : Resolve(topic, payload, retained).refused) codes.push_back(r.code);
    return codes;
  }
  // "device value" of each reading.
  Strings Admitted(const std::string& topic, std::string_view payload) {
    Strings texts;
    for (const port::Admitted& admitted : Resolve(topic, payload).admitted) {
      texts.push_back(Format("%s %d", admitted.admission->device.value(), admitted.reading.value));
    }
    return texts;
  }
  Reading OneReading(std::string_view payload) {
    const Resolved& resolved = Resolve("plugs/room/status", payload);
    EXPECT_EQ(resolved.admitted.size(), 1u) << payload;
    return resolved.admitted.empty() ? Reading() : resolved.admitted[0].reading;
  }
  DoorCode OneCode(std::string_view payload) {
    const Codes codes = Refused("plugs/room/status", payload);
    if (codes.empty() && resolver_.Resolve({.topic = topic_, .payload = payload}, table_, context_)
                                 .admitted.size() == 1) {
      return DoorCode::kAdmitted;
    }
    return codes.size() == 1 ? codes[0] : DoorCode::kCount;
  }

  Metric power_ = MakeMetric("power", "W", "0.1", MetricKind::kGauge);
  Metric index_ = MakeMetric("energy-index", "Wh", "1", MetricKind::kCounter);
  Metric temperature_ = MakeMetric("temperature", "Cel", "0.1", MetricKind::kGauge);
  Metric occupancy_ = MakeMetric("occupancy", "1", "1", MetricKind::kState);
  Metric humidity_ = MakeMetric("humidity", "%RH", "1", MetricKind::kGauge);
  Metric count_ = MakeMetric("count", "1", "1", MetricKind::kEvent);
  Metric load_ = MakeMetric("load", "Wh", "1", MetricKind::kDelta);
  std::shared_ptr<FakeTable> table_ = std::make_shared<FakeTable>();
  ResolveContext context_{.now = *ParseTime("2026-01-14T01:00:00Z")};
  Resolver resolver_{Profiles()};
  std::string topic_;
};

TEST_F(ResolverTest, OneMessageYieldsReadingsOfEachPart) {
  EXPECT_EQ(Admitted("plugs/plug-7/status",
                     R"({"switch:0":{"apower":1.25,"total":2.5},"switch:1":{"apower":-1}})"),
            (Strings{"plug-7:0 13", "plug-7:1 -10", "plug-7:0 2500"}));
}

TEST_F(ResolverTest, APartThatIsNotEnrolledIsDeniedAndNotedAlone) {
  const Resolved& resolved =
      Resolve("plugs/plug-7/status", R"({"switch:0":{"apower":1},"switch:2":{"apower":1}})");
  EXPECT_EQ(resolved.admitted.size(), 1u);
  ASSERT_EQ(resolved.refused.size(), 1u);
  EXPECT_EQ(resolved.refused[0].code, DoorCode::kUnknownDevice);
  ASSERT_EQ(resolved.unenrolled.size(), 1u);
  EXPECT_EQ(resolved.unenrolled[0].claim, "plug-7:2");
  EXPECT_EQ(resolved.unenrolled[0].metrics, Strings{"power"});
}

TEST_F(ResolverTest, AStrangersMessageIsOneObservationAndNotDecoded) {
  const Resolved& resolved = Resolve("plugs/a/b/status", R"({"switch:0":{"apower":1},"temp":2})");
  ASSERT_EQ(resolved.refused.size(), 1u);
  EXPECT_EQ(resolved.refused[0].code, DoorCode::kUnknownDevice);
  EXPECT_FALSE(resolved.decoded);
  ASSERT_EQ(resolved.unenrolled.size(), 1u);
  EXPECT_EQ(resolved.unenrolled[0].claim, "a/b");
  const std::vector<Unenrolled> seen = resolver_.Preview(
      {.topic = topic_, .payload = R"({"switch:0":{"apower":1},"temp":2})"});
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].claim, "a/b:0");
  EXPECT_EQ(seen[0].metrics, Strings{"power"});
  EXPECT_EQ(seen[1].claim, "a/b");
  EXPECT_EQ(seen[1].metrics, Strings{"temperature"});
}

TEST_F(ResolverTest, ADeviceEnrolledWithAnotherProfileIsDenied) {
  EXPECT_EQ(Refused("plugs/meter/status", "{}"), Codes{DoorCode::kOtherProfile});
  EXPECT_EQ(Refused("sensors/room/load", "1"), Codes{DoorCode::kOtherProfile});
}

TEST_F(ResolverTest, WhoeverIsEnrolledDecidesWhichProfileReadsATopic) {
  std::vector<Profile> profiles;
  profiles.push_back(OneMessage("topic: \"sensors/{device}/power\", format: number, "
                                "readings: [{metric: power}]"));
  profiles.push_back(ParseProfile(kGeneric));
  Resolver resolver(std::move(profiles));
  table_->Enrol("generic", "meter", power_);
  table_->Enrol("p", "shelly", power_);
  for (const char* device : {"meter", "shelly"}) {
    const std::string topic = Format("sensors/%s/power", device);
    const Resolved& resolved = resolver.Resolve({.topic = topic, .payload = "5"}, table_, context_);
    ASSERT_EQ(resolved.admitted.size(), 1u) << device;
    EXPECT_EQ(resolved.admitted[0].admission->device.value(), device);
  }
  const Resolved& stranger =
      resolver.Resolve({.topic = "sensors/x/power", .payload = "5"}, table_, context_);
  EXPECT_EQ(stranger.profile->id(), "p");
}

TEST_F(ResolverTest, IgnoredTopicsAreNoObservations) {
  for (const char* topic : {"plugs/room/status/set", "plugs/bridge/status", "plugs/bridge/x"}) {
    EXPECT_EQ(Resolve(topic, "{").observations(), 0u) << topic;
  }
  EXPECT_EQ(Resolve("plugs/room/status", R"({"ts":1})").observations(), 0u);
  EXPECT_EQ(Refused("plugs/room", "{}"), Codes{DoorCode::kUnknownDevice});
}

TEST_F(ResolverTest, APayloadThatNamesAnotherDeviceIsQuarantinedWhole) {
  EXPECT_EQ(Refused("plugs/room/status", R"({"id":"other","temp":2,"pir":"on"})"),
            Codes{DoorCode::kWrongDevice});
  EXPECT_EQ(resolver_.Resolve({.topic = topic_, .payload = R"({"id":"x"})"}, table_, context_)
                .refused[0].admission->device.value(),
            "room");
  EXPECT_EQ(Admitted("plugs/room/status", R"({"id":"room","temp":2})"), Strings{"room 20"});
}

TEST_F(ResolverTest, AMessageThatCannotBeDecodedIsOneObservationOfItsDevice) {
  const Resolved& room = Resolve("plugs/room/status", "{");
  ASSERT_EQ(room.refused.size(), 1u);
  EXPECT_EQ(room.refused[0].code, DoorCode::kMalformed);
  EXPECT_EQ(room.refused[0].admission->device.value(), "room");
  const Resolved& part = Resolve("plugs/plug-7/status", "[[");
  ASSERT_EQ(part.refused.size(), 1u);
  EXPECT_EQ(part.refused[0].code, DoorCode::kMalformed);
  EXPECT_EQ(part.refused[0].admission->device.value(), "plug-7:0");
  EXPECT_EQ(Refused("plugs/room/status", "{", /*retained=*/true), Codes{DoorCode::kRetained});
}

TEST_F(ResolverTest, OneBadValueLeavesItsSiblingsAlone) {
  const Resolved& resolved = Resolve(
      "plugs/room/status", R"({"temp":nan,"pir":"unavailable","air":{"hum":"45.6"},"used":null})");
  EXPECT_EQ(resolved.refused.size(), 3u);
  for (const Refusal& r : resolved.refused) EXPECT_EQ(r.code, DoorCode::kNotANumber);
  ASSERT_EQ(resolved.admitted.size(), 1u);
  EXPECT_EQ(resolved.admitted[0].reading.value, 46);
}

TEST_F(ResolverTest, TextsAreNumbersOnlyWhereTheProfileSaysSo) {
  EXPECT_EQ(OneCode(R"({"air":{"hum":" 45 "}})"), DoorCode::kAdmitted);
  EXPECT_EQ(OneCode(R"({"air":{"hum":"45%"}})"), DoorCode::kMalformed);
  EXPECT_EQ(OneCode(R"({"air":{"hum":"45.6'"}})"), DoorCode::kMalformed);
  EXPECT_EQ(OneCode(R"({"temp":"45"})"), DoorCode::kMalformed);
  EXPECT_EQ(OneCode(R"({"temp":true})"), DoorCode::kMalformed);
}

TEST_F(ResolverTest, StatesAreWordsOfTheProfileOrTruthValues) {
  EXPECT_EQ(OneReading(R"({"pir":"on"})").value, 1);
  EXPECT_EQ(OneReading(R"({"pir":"off"})").value, 0);
  EXPECT_EQ(OneReading(R"({"pir":true})").value, 1);
  EXPECT_EQ(OneCode(R"({"pir":"open"})"), DoorCode::kMalformed);
  EXPECT_EQ(OneCode(R"({"pir":7})"), DoorCode::kMalformed);
}

TEST_F(ResolverTest, UnitsComeFromThePayloadByTheWordsOfTheProfile) {
  EXPECT_EQ(OneReading(R"({"temp":50,"tunit":"F"})").value, 100);
  EXPECT_EQ(OneReading(R"({"temp":50,"tunit":"C"})").value, 500);
  EXPECT_EQ(OneCode(R"({"temp":50,"tunit":"K?"})"), DoorCode::kUnknownUnit);
  EXPECT_EQ(OneCode(R"({"temp":50,"tunit":3})"), DoorCode::kUnknownUnit);
}

TEST_F(ResolverTest, WhatTheDeviceCannotMeasureIsImplausible) {
  EXPECT_EQ(OneCode(R"({"temp":85.0})"), DoorCode::kImplausible);
  EXPECT_EQ(OneCode(R"({"temp":84.99})"), DoorCode::kAdmitted);  // rounds to what is a fault
  EXPECT_EQ(OneCode(R"({"temp":185,"tunit":"F"})"), DoorCode::kImplausible);
  EXPECT_EQ(OneCode(R"({"temp":125.1})"), DoorCode::kImplausible);
  EXPECT_EQ(OneCode(R"({"temp":-40})"), DoorCode::kAdmitted);
  EXPECT_EQ(OneCode(R"({"temp":-41})"), DoorCode::kImplausible);
  temperature_.lo = -300;
  EXPECT_EQ(OneCode(R"({"temp":-35})"), DoorCode::kOutOfRange);
}

TEST_F(ResolverTest, AnOmittedFieldHasItsDefaultWhereItsParentIsThere) {
  context_.now = *ParseTime("2030-01-01T00:00:00Z");
  EXPECT_EQ(OneReading(R"({"sys":{"ts":"2026-01-14T00:30:00Z"}})").value, 0);
  EXPECT_EQ(OneReading(R"({"sys":{"cnt":3,"ts":"2026-01-14T00:30:00Z"}})").value, 3);
  EXPECT_EQ(Resolve("plugs/room/status", R"({"ts":"2026-01-14T00:30:00Z"})").observations(), 0u);
}

TEST_F(ResolverTest, AStampAtTheEndIsMovedByTheInterval) {
  const Reading reading = OneReading(R"({"temp":2,"ts":"2026-01-14T00:30:00Z"})");
  EXPECT_EQ(reading.time, *ParseTime("2026-01-14T00:29:00Z"));
  EXPECT_EQ(reading.quality, kQualityNone);
  EXPECT_EQ(OneReading(R"({"temp":2,"ts":1768350600.5})").time - Millis(500),
            *ParseTime("2026-01-14T00:29:00Z"));
}

TEST_F(ResolverTest, AmountsAndEventsNeedATimeOrANumber) {
  EXPECT_EQ(OneCode(R"({"used":2})"), DoorCode::kNoTime);
  EXPECT_EQ(OneCode(R"({"used":2,"ts":0})"), DoorCode::kNoTime);  // a clock that was never set
  EXPECT_EQ(OneCode(R"({"used":2,"ts":"2026-01-14T00:30:00Z"})"), DoorCode::kAdmitted);
  const Reading numbered = OneReading(R"({"used":2,"n":17})");
  EXPECT_EQ(numbered.quality, kQualityArrivalTime);
  EXPECT_EQ(numbered.time, context_.now);
  EXPECT_TRUE(Resolve("plugs/room/status", R"({"used":2,"n":17})").numbered);
  EXPECT_FALSE(Resolve("plugs/room/status", R"({"temp":2})").numbered);
}

TEST_F(ResolverTest, ArrivalTimesSayWhatIsDoubtfulAboutThem) {
  const auto quality = [&](Millis waited) {
    return static_cast<int>(
        resolver_
            .Resolve({.topic = "plugs/room/status", .payload = R"({"temp":2})", .waited_max = waited},
                     table_, context_)
            .admitted[0].reading.quality);
  };
  EXPECT_EQ(quality(temperature_.interval), kQualityArrivalTime);
  EXPECT_EQ(quality(temperature_.interval + Millis(1)), kQualityArrivalTime | kQualityWaited);
  context_.clock_sound = false;
  EXPECT_EQ(quality(Millis(0)), kQualityArrivalTime | kQualityClockUnsound);
  const Reading stamped = OneReading(R"({"temp":2,"ts":"2026-01-14T00:30:00Z"})");
  EXPECT_EQ(stamped.quality, kQualityNone);
}

TEST_F(ResolverTest, RetainedValuesAreDeniedOneByOne) {
  EXPECT_EQ(Refused("plugs/room/status", R"({"temp":2,"pir":"on"})", /*retained=*/true),
            (Codes{DoorCode::kRetained, DoorCode::kRetained}));
}

TEST_F(ResolverTest, TooManyObservationsAreNone) {
  std::string payload = "{";
  for (std::size_t i = 0; i <= limits::kObservationsPerMessageMax; ++i) {
    payload += Format("%s\"switch:%d\":{\"apower\":1}", i == 0 ? "" : ",", static_cast<int>(i));
  }
  EXPECT_EQ(Refused("plugs/plug-7/status", payload + "}"), Codes{DoorCode::kOversized});
}

TEST_F(ResolverTest, AJumpIsRefusedUntilTheNextValueAgreesWithIt) {
  const auto power = [&](const std::string& watts) {
    return Refused("plugs/plug-7/status", "{\"switch:0\":{\"apower\":" + watts + "}}");
  };
  EXPECT_EQ(power("10"), Codes());
  EXPECT_EQ(power("110"), Codes());                    // just the step
  EXPECT_EQ(power("1000"), Codes{DoorCode::kStep});    // a glitch
  EXPECT_EQ(power("120"), Codes());
  EXPECT_EQ(power("1000"), Codes{DoorCode::kStep});
  EXPECT_EQ(power("1001"), Codes());                   // no glitch: there it is now
  EXPECT_EQ(power("120"), Codes{DoorCode::kStep});
  context_.now += std::chrono::minutes(10);            // ten intervals later
  EXPECT_EQ(power("300"), Codes());
}

TEST_F(ResolverTest, AnOwnProfileIsReadWhileItsDeviceIsEnrolled) {
  const std::string own = "schema: commons-profile/1\nid: own\nabout: one lamp\nclaim: lamp\nmessages:\n"
                          "  - {topic: home/lamp/state, format: json, readings: [{metric: power, at: p}]}\n";
  EXPECT_EQ(Refused("home/lamp/state", R"({"p":3})"), Codes{DoorCode::kUnknownDevice});
  const auto with = std::make_shared<FakeTable>();
  with->Enrol("own", "lamp", power_, DoorCode::kAdmitted, own);
  const std::shared_ptr<FakeTable> without = std::exchange(table_, with);
  EXPECT_EQ(Admitted("home/lamp/state", R"({"p":3})"), Strings{"lamp 30"});
  table_ = without;
  EXPECT_EQ(Refused("home/lamp/state", R"({"p":3})"), Codes{DoorCode::kUnknownDevice});
}

// Tables mostly grow at their end; here one device is another's successor.
TEST_F(ResolverTest, AnOwnProfileThatTookAnothersPlaceIsReadInstead) {
  const auto own = [](const std::string& room) {
    return "schema: commons-profile/1\nid: own\nabout: one lamp\nclaim: lamp\nmessages:\n"
           "  - {topic: home/" + room + "/state, format: json, "
           "readings: [{metric: power, at: p}]}\n";
  };
  const auto before = std::make_shared<FakeTable>(*table_);
  const auto after = std::make_shared<FakeTable>(*table_);
  before->Enrol("own", "lamp", power_, DoorCode::kAdmitted, own("hall"));
  after->Enrol("own", "lamp", power_, DoorCode::kAdmitted, own("attic"));
  table_ = before;
  EXPECT_EQ(Admitted("home/hall/state", R"({"p":3})"), Strings{"lamp 30"});
  table_ = after;
  EXPECT_EQ(Admitted("home/attic/state", R"({"p":3})"), Strings{"lamp 30"});
  EXPECT_EQ(Refused("home/hall/state", R"({"p":3})"), Codes{DoorCode::kUnknownDevice});
}

TEST_F(ResolverTest, AnOwnProfileThatDoesNotParseConcernsNobodyElse) {
  const auto with = std::make_shared<FakeTable>(*table_);
  port::EnrolledDevice broken = *with->enrolled[0];
  broken.own_profile = "schema: [";
  with->enrolled[0] = WithOwnRead(std::move(broken));
  table_ = with;
  EXPECT_EQ(Admitted("plugs/room/status", R"({"temp":2})"), Strings{"room 20"});
}

// Whoever is asked about a topic is asked a few times, however many devices there are.
TEST_F(ResolverTest, AMessageAsksForItsOwnDeviceOnly) {
  for (int i = 0; i < 500; ++i) table_->Enrol("generic", "m" + std::to_string(i), load_);
  table_->asked = 0;
  EXPECT_EQ(Refused("sensors/m3/load", "x"), Codes{DoorCode::kMalformed});
  EXPECT_LE(table_->asked, 4);
}

}  // namespace
}  // namespace gateway::ingest
