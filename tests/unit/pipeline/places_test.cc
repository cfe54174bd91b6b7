// Places through a whole gateway: enrolment, the door, gauges, counters and their sheets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/policy/grant.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using port::DoorCode;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The day's end, and an hour each of lateness and age.
constexpr std::string_view kDue = "2013-01-15T02:00:00Z";

// The fixture's policy with metrics of places: a gauge, and counters of cars and of people.
std::string PolicyWithPlaces(const Commons& commons, const std::string& prev) {
  std::string text = commons.PolicyYaml(3, 2, prev);
  const auto insert = [&](std::string_view before, std::string_view lines) {
    text.insert(text.find(before), lines);
  };
  insert("purposes:",
         "  - {id: air, unit: ug/m3, kind: gauge, resolution: \"0.01\", lo: 0, hi: 999,\n"
         "     interval: PT150S, lateness: PT1H, sensitivity: open, unit_of_privacy: place,\n"
         "     bucket_min: PT15M}\n"
         "  - {id: people, unit: people, kind: counter, resolution: \"1\", lo: 0, hi: 1000000,\n"
         "     interval: PT1H, lateness: PT1H, sensitivity: open, unit_of_privacy: place,\n"
         "     bucket_min: PT1H}\n"
         "  - {id: cars, unit: cars, kind: counter, resolution: \"1\", lo: 0, hi: 1000000,\n"
         "     interval: PT1H, lateness: PT1H, sensitivity: open, unit_of_privacy: place,\n"
         "     bucket_min: PT1H}\n");
  insert("retain:", "  - {id: c-air, metric: air, profile: generic}\n"
                    "  - {id: c-people, metric: people, profile: generic}\n"
                    "  - {id: c-cars, metric: cars, profile: generic}\n");
  insert("consent:", "  - {id: r-air, metric: air, tier: raw, keep: P30D, then: erase}\n"
                     "  - {id: r-people, metric: people, tier: raw, keep: P30D, then: erase}\n"
                     "  - {id: r-cars, metric: cars, tier: raw, keep: P30D, then: erase}\n");
  for (const char* rule :
       {"{id: air-hourly, metric: air, bucket: PT1H", "{id: air-daily, metric: air, bucket: P1D",
        "{id: cars-hourly, metric: cars, bucket: PT1H",
        "{id: cars-daily, metric: cars, bucket: P1D",
        "{id: people-hourly, metric: people, min_count: 5, bucket: PT1H",
        "{id: people-daily, metric: people, min_count: 5, bucket: P1D"}) {
    insert("forbid:", "  - " + std::string(rule) +
                          ", stats: [count, sum, mean], zone: neighbourhood, "
                          "purpose: official-stats, to: [city-hall], age_min: PT1H}\n");
  }
  return text;
}

class PlacesTest : public ::testing::Test {
 protected:
  PlacesTest() {
    const auto documents = commons_.gateway().ShowDocuments();
    for (const auto& row : *documents) {
      if (row.type != "policy") continue;
      const Status activated = commons_.Activate(
          {{crypto::kPolicyType, PolicyWithPlaces(commons_, HexEncode(row.hash))}});
      EXPECT_TRUE(activated.ok()) << Message(activated);
    }
  }

  Pipeline& gateway() { return commons_.gateway(); }

  // Activates version 3 of the policy: version 2 with each first text replaced by the second.
  void Revise(const std::vector<std::pair<std::string, std::string>>& changes) {
    const auto documents = gateway().ShowDocuments();
    const auto row = std::find_if(documents->begin(), documents->end(),
                                  [](const auto& document) { return document.type == "policy"; });
    std::string text = row->payload;
    const auto replace = [&](std::string_view from, std::string_view to) {
      const std::size_t at = text.find(from);
      ASSERT_NE(at, std::string::npos) << from;
      text.replace(at, from.size(), to);
    };
    replace("version: 2\nprev: \"" + text.substr(text.find("prev: \"") + 7, 64),
            "version: 3\nprev: \"" + HexEncode(row->hash));
    for (const auto& [from, to] : changes) replace(from, to);
    const Status activated = commons_.Activate({{crypto::kPolicyType, text}});
    ASSERT_TRUE(activated.ok()) << Message(activated);
  }

  policy::Invite Named(const std::string& place) {
    const auto places = gateway().ListPlaces();
    for (const port::PlaceRow& row : *places) {
      if (row.place != place) continue;
      return {"testville", GatewayId("gw-a"), SubjectId::FromBytes(row.subject), {}};
    }
    ADD_FAILURE() << place << " is not listed";
    return {};
  }
  std::string Confirmation(const policy::Invite& named, const crypto::Signer& signer,
                           const std::vector<std::string>& hashes = {}) {
    crypto::Envelope envelope{
        .payload_type = std::string(crypto::kConfirmationType),
        .payload = policy::BuildConfirmation(named, hashes, commons_.clock().SystemNow()),
        .signatures = {}};
    crypto::SignEnvelope(envelope, signer);
    return crypto::SerializeEnvelope(envelope);
  }
  Status Confirm(const std::string& place) {
    return gateway().ConfirmPlace(place, Confirmation(Named(place), commons_.steward()));
  }
  // Confirmed, with a device.
  void Place(const std::string& place, const std::string& device) {
    ASSERT_TRUE(gateway().AddPlace(place, "north").ok());
    ASSERT_TRUE(gateway().EnrolDevice({.device = device, .place = place}).ok());
    ASSERT_TRUE(Confirm(place).ok());
  }

  DoorCode Send(const std::string& device, const std::string& metric, std::string_view time,
                int64_t value) {
    const auto table = gateway().admissions();
    const port::Admission& admission = table->Find("generic", device, metric);
    gateway().Received(1);
    if (admission.code != DoorCode::kAdmitted) {
      gateway().Refused(admission.code);
      return admission.code;
    }
    const std::string payload = std::to_string(value) + "@" + std::string(time);
    const port::Admitted admitted{&admission, {.time = At(time), .value = value}};
    EXPECT_TRUE(
        gateway().Append({.topic = device + metric, .payload = payload}, {&admitted, 1}, false)
            .ok());
    return admission.code;
  }

  void DecideAt(std::string_view time) {
    const auto decided = gateway().AdvanceClock(At(time));
    EXPECT_TRUE(decided.ok()) << Message(decided.status());
  }
  // "sum/count/mean" of a released cell, "<5", or "-".
  std::string Cell(const std::string& rule, std::string_view start) {
    for (const port::DecidedCell& decided : commons_.Cells({.rule = rule})) {
      if (decided.cell.window.start != At(start)) continue;
      EXPECT_EQ(decided.cell.owner_kind, OwnerKind::kPlace);
      if (!decided.cell.figures.has_value()) return "-";
      const Figures& figures = *decided.cell.figures;
      if (figures.below.has_value()) {
        // How complete it is would count the readings, which may be the people.
        EXPECT_EQ(figures, (Figures{.homes_in_zone = figures.homes_in_zone, .below = 5}));
        return "<" + std::to_string(*figures.below);
      }
      return std::to_string(figures.sum) + "/" + std::to_string(figures.count) + "/" +
             std::to_string(figures.mean);
    }
    return "no cell";
  }

  Commons commons_;
};

TEST_F(PlacesTest, NothingOfAPlaceIsStoredBeforeAStewardConfirmed) {
  ASSERT_TRUE(gateway().AddPlace("post-1", "north").ok());
  ASSERT_TRUE(gateway().EnrolDevice({.device = "sds-1", .place = "post-1"}).ok());
  EXPECT_EQ(Send("sds-1", "air", "2013-01-14T00:00:00Z", 800), DoorCode::kPlaceUnconfirmed);
  const crypto::Signer stranger = *crypto::Signer::Generate();
  EXPECT_EQ(gateway().ConfirmPlace("post-1", Confirmation(Named("post-1"), stranger)).code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(Send("sds-1", "air", "2013-01-14T00:00:00Z", 800), DoorCode::kPlaceUnconfirmed);
  ASSERT_TRUE(Confirm("post-1").ok());
  EXPECT_EQ(Send("sds-1", "air", "2013-01-14T00:00:00Z", 800), DoorCode::kAdmitted);
  EXPECT_EQ(commons_.Counts()["place-unconfirmed"], 2u);
  EXPECT_EQ(Confirm("post-1").code(), StatusCode::kAlreadyExists);
}

TEST_F(PlacesTest, AConfirmationIsForOnePlaceOnly) {
  ASSERT_TRUE(gateway().AddPlace("post-1", "north").ok());
  ASSERT_TRUE(gateway().AddPlace("post-2", "north").ok());
  const std::string of_two = Confirmation(Named("post-2"), commons_.steward());
  EXPECT_EQ(gateway().ConfirmPlace("post-1", of_two).code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(gateway().ConfirmPlace("post-2", of_two).ok());
}

TEST_F(PlacesTest, ConfirmationsOfPlacesAndHouseholdsCannotStandForEachOther) {
  ASSERT_TRUE(gateway().AddPlace("post-1", "north").ok());
  // As of a household: it lists an acceptance.
  const Status listed = gateway().ConfirmPlace(
      "post-1", Confirmation(Named("post-1"), commons_.steward(), {std::string(32, 'h')}));
  EXPECT_EQ(listed.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(Message(listed)), HasSubstr("a place has none"));
  // As of a place: it lists none.
  const Member member = commons_.Invite("flat-1");
  const policy::Invite flat{member.invite.commons, GatewayId(member.invite.gateway),
                            SubjectId::FromBytes(member.invite.subject), member.invite.nonce};
  EXPECT_EQ(gateway().ConfirmHousehold("flat-1", {}, Confirmation(flat, commons_.steward())).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(gateway()
                .ConfirmHousehold("flat-1", {"x"}, Confirmation(flat, commons_.steward()))
                .code(),
            StatusCode::kInvalidArgument);
}

TEST_F(PlacesTest, HouseholdCommandsDoNotTouchPlacesNorTheOtherWayRound) {
  Place("post-1", "sds-1");
  Member member = commons_.Join("flat-1");
  EXPECT_EQ(gateway().AddHousehold("post-1", "north", 1).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(gateway().AddPlace("flat-1", "north").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(gateway().EnrolDevice({.device = "m", .household = "post-1"}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().EnrolDevice({.device = "m", .place = "flat-1"}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().EnrolDevice({.device = "meter-flat-1", .place = "post-1"}).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(gateway().ConfirmHousehold("post-1", {"x"}, "y").code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().ConfirmPlace("flat-1", "y").code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().WithdrawGrants("post-1", "").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().ListGrants("post-1").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(gateway().ListHouseholds()->size(), 1u);
  EXPECT_EQ(gateway().ListPlaces()->size(), 1u);
  EXPECT_EQ(gateway().GetStatus()->households, 1u);
  member.invite.subject = std::string(Named("post-1").subject.view());
  EXPECT_EQ(commons_.TryGrant(member).status().code(), StatusCode::kNotFound);
  const auto devices = gateway().ListDevices();
  ASSERT_EQ(devices->size(), 2u);
  EXPECT_EQ((*devices)[0].household, "flat-1");
  EXPECT_EQ((*devices)[1].place, "post-1");
  EXPECT_EQ((*devices)[1].household, "");
}

TEST_F(PlacesTest, APlaceOutsideTheGatewaysZoneOrWithoutANameIsRefused) {
  EXPECT_EQ(gateway().AddPlace("post-1", "town").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(gateway().AddPlace("post-1", "nowhere").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(gateway().AddPlace("a/b", "north").code(), StatusCode::kInvalidArgument);
}

TEST_F(PlacesTest, AMetricOfTheOtherOwnerIsDeniedAtTheDoor) {
  Place("post-1", "sds-1");
  const Member member = commons_.Join("flat-1");
  EXPECT_EQ(Send("sds-1", "load", "2013-01-14T00:00:00Z", 100), DoorCode::kWrongOwner);
  EXPECT_EQ(Send(member.device, "air", "2013-01-14T00:00:00Z", 100), DoorCode::kWrongOwner);
  EXPECT_EQ(Send("sds-1", "noise", "2013-01-14T00:00:00Z", 100), DoorCode::kNoCollectRule);
  EXPECT_EQ(commons_.Counts()["wrong-owner"], 2u);
}

TEST_F(PlacesTest, AGaugesCellsAreWeightedMeansPerPlace) {
  Place("post-1", "sds-1");
  Place("post-2", "sds-2");
  ASSERT_TRUE(gateway().EnrolDevice({.device = "sds-1b", .place = "post-1"}).ok());
  // 10.00 for 100 s, 40.00 for the five minutes that a reading holds; a second sensor there.
  Send("sds-1", "air", "2013-01-14T00:00:00Z", 1000);
  Send("sds-1", "air", "2013-01-14T00:01:40Z", 4000);
  Send("sds-1b", "air", "2013-01-14T00:00:00Z", 2000);  // for 300 s
  Send("sds-2", "air", "2013-01-14T00:59:00Z", 501);    // for 60 s
  Send("sds-1", "air", "2013-01-14T01:00:00Z", 900);    // the next hour
  DecideAt(kDue);
  // (1000 × 100 + 4000 × 300 + 2000 × 300) ÷ 700 = 2714.3; and 501.
  EXPECT_EQ(Cell("air-hourly", "2013-01-14T00:00:00Z"), "3215/2/1608");
  EXPECT_EQ(Cell("air-hourly", "2013-01-14T01:00:00Z"), "900/1/900");
  EXPECT_EQ(Cell("air-hourly", "2013-01-14T02:00:00Z"), "-");
  // The day: (2714 × 700 + 900 × 300) ÷ 1000 = 2169.8; and 501.
  EXPECT_EQ(Cell("air-daily", "2013-01-14T00:00:00Z"), "2671/2/1336");
  const auto daily = commons_.Cells({.rule = "air-daily"});
  ASSERT_EQ(daily.size(), 1u);
  EXPECT_EQ(daily[0].cell.figures->completeness_pct, 0u);  // 5 readings of 150 s of two days
  EXPECT_EQ(daily[0].cell.k_min, 0u);
  EXPECT_EQ(daily[0].cell.bucket_min, minutes(15));
}

TEST_F(PlacesTest, ACounterLooksBackAcrossMidnightAndARestart) {
  Place("gate", "counter-1");
  Send("counter-1", "cars", "2013-01-13T21:00:00Z", 90);   // too long before the 14th
  Send("counter-1", "cars", "2013-01-13T22:00:00Z", 100);  // at most two hours before it
  commons_.Restart();
  Send("counter-1", "cars", "2013-01-14T00:30:00Z", 110);
  Send("counter-1", "cars", "2013-01-14T01:30:00Z", 7);  // restarted from 0
  commons_.Crash();
  Send("counter-1", "cars", "2013-01-14T01:45:00Z", 20);
  DecideAt(kDue);
  EXPECT_EQ(Cell("cars-daily", "2013-01-13T00:00:00Z"), "10/1/10");
  EXPECT_EQ(Cell("cars-hourly", "2013-01-14T00:00:00Z"), "10/1/10");
  EXPECT_EQ(Cell("cars-hourly", "2013-01-14T01:00:00Z"), "20/1/20");
  EXPECT_EQ(Cell("cars-daily", "2013-01-14T00:00:00Z"), "30/1/30");
}

TEST_F(PlacesTest, ACounterLooksBackIntoTheLastMonth) {
  Place("gate", "counter-1");
  Send("counter-1", "cars", "2013-01-31T23:30:00Z", 100);
  Send("counter-1", "cars", "2013-02-01T00:30:00Z", 104);
  DecideAt("2013-02-02T02:00:00Z");
  EXPECT_EQ(Cell("cars-daily", "2013-02-01T00:00:00Z"), "4/1/4");
}

TEST_F(PlacesTest, ACounterWithoutAReadingJustBeforeBeginsWithNothing) {
  Place("gate", "counter-1");
  Send("counter-1", "cars", "2013-01-13T21:59:59Z", 100);
  Send("counter-1", "cars", "2013-01-14T00:30:00Z", 110);
  Send("counter-1", "cars", "2013-01-14T09:30:00Z", 150);
  DecideAt(kDue);
  EXPECT_EQ(Cell("cars-hourly", "2013-01-14T00:00:00Z"), "0/1/0");
  EXPECT_EQ(Cell("cars-daily", "2013-01-14T00:00:00Z"), "40/1/40");
}

TEST_F(PlacesTest, FewPeopleAreOnlyCalledBelowAndProtected) {
  Place("gate", "counter-1");
  int64_t index = 0;
  Time at = At("2013-01-14T05:30:00Z");
  for (const int64_t people : {0, 9, 2, 8, 7}) {
    index += people;
    Send("counter-1", "people", FormatTime(at), index);
    at += minutes(60);
  }
  DecideAt(kDue);
  EXPECT_EQ(Cell("people-daily", "2013-01-14T00:00:00Z"), "26/1/26");
  EXPECT_EQ(Cell("people-hourly", "2013-01-14T06:00:00Z"), "9/1/9");
  EXPECT_EQ(Cell("people-hourly", "2013-01-14T07:00:00Z"), "<5");
  // Two at 7:00 and the empty hours are all that the day has beside 9, 8 and 7.
  EXPECT_EQ(Cell("people-hourly", "2013-01-14T09:00:00Z"), "-");
  const auto why = gateway().ExplainCell("people-hourly", "north", At("2013-01-14T09:00:00Z"));
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->reason, SuppressionReason::kComplementary);
  const auto below = gateway().ExplainCell("people-hourly", "north", At("2013-01-14T07:00:00Z"));
  ASSERT_TRUE(below.ok());
  EXPECT_THAT(below->text, HasSubstr("below 5"));
}

TEST_F(PlacesTest, RestartKeepsPlacesDevicesAndConfirmations) {
  Place("post-1", "sds-1");
  ASSERT_TRUE(gateway().AddPlace("post-2", "north").ok());
  const std::string subject = std::string(Named("post-1").subject.view());
  for (const bool crash : {false, true}) {
    crash ? commons_.Crash() : commons_.Restart();
    const auto places = gateway().ListPlaces();
    ASSERT_EQ(places->size(), 2u);
    EXPECT_EQ((*places)[0].place, "post-1");
    EXPECT_EQ((*places)[0].state, "confirmed");
    EXPECT_EQ((*places)[0].subject, subject);
    EXPECT_EQ((*places)[0].devices, 1u);
    EXPECT_EQ((*places)[1].state, "added");
    EXPECT_TRUE(gateway().ListHouseholds()->empty());
    EXPECT_EQ(gateway().AddHousehold("post-1", "north", 1).status().code(),
              StatusCode::kAlreadyExists);
  }
}

TEST_F(PlacesTest, ReadingsOfPlacesAreSealedAsAPlacesOwn) {
  Place("post-1", "sds-1");
  Send("sds-1", "air", "2013-01-14T00:00:00Z", 800);
  (void)commons_.Counts();
  ASSERT_TRUE(gateway().Close().ok());
  auto database = store::Database::Open(commons_.dir().string());
  ASSERT_TRUE(database.ok());
  auto vault = store::Vault::Open(**database, *crypto::SecretKey::FromBytes(commons_.master()));
  ASSERT_TRUE(vault.ok());
  std::vector<OwnerKind> kinds;
  ASSERT_TRUE(BlockLog(**database, **vault)
                  .VisitMonth(2013 * 12, [&](OwnerKind kind, const OwnerId&, const SeriesId&,
                                             const std::vector<Reading>&) { kinds.push_back(kind); })
                  .ok());
  EXPECT_THAT(kinds, ElementsAre(OwnerKind::kPlace));
}

// A new policy may count in other steps, or turn a level into an index: what was stored under the
// old one is no earlier index of the same counter.
TEST_F(PlacesTest, ACounterLooksBackToNothingOlderThanItsRules) {
  Place("gate", "counter-1");
  Send("counter-1", "cars", "2013-01-13T23:00:00Z", 100);
  ASSERT_EQ(commons_.Counts()[""], 1u);
  ASSERT_TRUE(gateway().AdvanceClock(At("2013-01-13T23:30:00Z")).ok());
  Revise({{"unit: cars, kind: counter, resolution: \"1\"",
           "unit: cars, kind: counter, resolution: \"0.1\""}});
  Send("counter-1", "cars", "2013-01-14T00:30:00Z", 1010);  // 101 cars, not 910 more than before
  Send("counter-1", "cars", "2013-01-14T01:30:00Z", 1030);
  DecideAt(kDue);
  EXPECT_EQ(Cell("cars-daily", "2013-01-14T00:00:00Z"), "20/1/20");
}

// A policy may turn a metric of households into one of places. What households sent before, for a
// day that the new rules hold throughout, must not leave without their consent.
TEST_F(PlacesTest, WhatHouseholdsSentNeverCountsForPlaces) {
  Place("post-1", "sds-1");
  for (int i = 0; i < 4; ++i) {
    const Member member = commons_.Join("flat-" + std::to_string(i));
    ASSERT_EQ(Send(member.device, "load", "2013-01-14T12:00:00Z", 100), DoorCode::kAdmitted);
  }
  Revise({{"sensitivity: household, unit_of_privacy: household",
           "sensitivity: open, unit_of_privacy: place, bucket_min: PT1H"},
          {"consent:\n  - {id: consent-load, metric: load, mode: opt-in, "
           "household_rule: all-adults}", "consent: []"},
          {", top1_max_pct: 40, k_min: 3", ""},
          {", top1_max_pct: 40, k_min: 3", ""}});
  EXPECT_EQ(Send("sds-1", "load", "2013-01-14T15:00:00Z", 7), DoorCode::kAdmitted);
  DecideAt("2013-01-16T06:00:00Z");
  EXPECT_EQ(Cell("load-hourly", "2013-01-14T12:00:00Z"), "-");
  EXPECT_EQ(Cell("load-daily", "2013-01-14T00:00:00Z"), "7/1/7");
}

}  // namespace
}  // namespace gateway::pipeline
