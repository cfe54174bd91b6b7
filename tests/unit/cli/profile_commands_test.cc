// `commons profile`: what a profile makes of a message, without a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kProfile[] = R"(schema: commons-profile/1
id: plug
about: two channels
personal: [net.ssid, "net.{any}", owner]
messages:
  - topic: "plugs/{device}/status"
    format: json
    device: id
    secret: true
    time: {at: ts, form: [iso, iso-local]}
    readings:
      - {metric: power, at: "'switch:{part}'.apower", unit: kW, range: [-1, 4]}
      - {metric: load, at: used, unit: Wh}
  - {topic: "plugs/{device}/online", ignore: true}
)";

class ProfileCommandsTest : public ::testing::Test {
 protected:
  ProfileCommandsTest() { folder_.Write("plug.yaml", kProfile); }
  json Observations(const std::string& topic, const std::string& payload,
                    const std::string& options = "") {
    folder_.Write("payload", payload);
    const Outcome outcome =
        folder_.Commons("profile test plug.yaml " + topic + " @payload --format json " + options);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    answer_ = json::parse(outcome.out);
    return answer_.at("observations");
  }
  Folder folder_;
  json answer_;
};

TEST_F(ProfileCommandsTest, TestShowsEachValueOrWhyThereIsNone) {
  const json rows = Observations(
      "plugs/s3cret/status",
      R"({"switch:0":{"apower":0.75},"switch:1":{"apower":9},"used":null,"ts":"2026-01-14T00:30:00Z"})");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("device"), "(secret):0");
  EXPECT_EQ(rows[0].at("metric"), "power");
  EXPECT_EQ(rows[0].at("value"), "0.75");
  EXPECT_EQ(rows[0].at("unit"), "kW");
  EXPECT_EQ(rows[0].at("time"), "2026-01-14T00:30:00Z");
  EXPECT_EQ(rows[0].at("time from"), "device");
  EXPECT_EQ(rows[0].at("result"), "admitted");
  EXPECT_EQ(rows[1].at("result"), "implausible");
  EXPECT_FALSE(rows[1].contains("value"));
  EXPECT_EQ(rows[2].at("result"), "not-a-number");
}

TEST_F(ProfileCommandsTest, TestSaysWhereTheTimeIsFrom) {
  EXPECT_EQ(Observations("plugs/x/status", R"({"used":1})")[0].at("time from"), "arrival");
  const json local = Observations("plugs/x/status", R"({"used":1,"ts":"2026-07-14T00:30:00"})",
                                  "--time-zone Europe/Paris");
  EXPECT_EQ(local[0].at("time"), "2026-07-13T22:30:00Z");
  EXPECT_EQ(local[0].at("time from"), "device, local");
}

TEST_F(ProfileCommandsTest, TestNamesPersonalFieldsByPlaceAndShowsNoSecret) {
  folder_.Write("payload", R"({"used":1,"id":"s3cret","net":{"ssid":"Home of Ada"}})");
  for (const char* format : {"table", "json", "csv"}) {
    const Outcome outcome = folder_.Commons(
        std::string("profile test plug.yaml plugs/s3cret/status @payload --format ") + format);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("net.ssid"));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("owner")));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("Ada")));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("s3cret")));
  }
}

TEST_F(ProfileCommandsTest, AMessageThatCannotBeDecodedIsOneRow) {
  for (const auto& [payload, code] :
       {std::pair{"{", "malformed"}, std::pair{R"({"id":"other","used":1})", "wrong-device"}}) {
    const json rows = Observations("plugs/x/status", payload);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].at("result"), code);
    EXPECT_NE(rows[0].at("why"), "");
  }
}

TEST_F(ProfileCommandsTest, TestRefusesWhatIsNoProfileAndTopicsThatItDoesNotRead) {
  folder_.Write("bad.yaml", "schema: commons-profile/1\nid: X\n");
  const Outcome bad = folder_.Commons("profile test bad.yaml a/b 1");
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.err, HasSubstr("bad.yaml: line 2 column 5"));
  EXPECT_EQ(folder_.Commons("profile test plug.yaml plugs/x 1").code, 1);
  const Outcome ignored = folder_.Commons("profile test plug.yaml plugs/x/online true");
  EXPECT_EQ(ignored.code, 0);
  EXPECT_THAT(ignored.err, HasSubstr("ignores plugs/{device}/online"));
}

TEST_F(ProfileCommandsTest, TheProfilesThatShipAreListed) {
  const Outcome outcome = folder_.Commons("profile list --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  bool generic = false;
  for (const json& row : json::parse(outcome.out)) {
    if (row.at("profile") != "generic") continue;
    generic = true;
    EXPECT_EQ(row.at("topics"), json{"sensors/{device}/{metric}"});
    EXPECT_EQ(row.at("metrics"), json{"{metric}"});
  }
  EXPECT_TRUE(generic);
}

TEST_F(ProfileCommandsTest, ABareNumberMayBeNegativeOnTheCommandLine) {
  const Outcome outcome = folder_.Commons(
      "profile test " GATEWAY_SOURCE_DIR
      "/gateway/ingest/profiles/generic.yaml sensors/d/power -8.40 --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out).at("observations")[0].at("value"), "-8.4");
}

}  // namespace
}  // namespace gateway::cli
