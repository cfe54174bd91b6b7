#include "gateway/ingest/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gateway/model/limits.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "ingest-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }

 private:
  std::string path_;
};

constexpr char kEverything[] = R"(schema: commons-profile/1
id: all
about: every field once
expects: PT5M
personal: [id, net.ssid]
messages:
  - topic: "tele/{device}/SENSOR"
    format: [number, json]
    device: id
    secret: true
    time: {at: [Time, Epoch], form: [iso, iso-local, epoch-s, epoch-ms], stamp: end, interval: PT10M}
    sequence: n
    readings:
      - metric: temperature
        at: "'DS-{part}'.T"
        unit: Cel
        unit_at: TempUnit
        units: {C: Cel, F: "°F"}
        text: true
        range: [-40, 125.5]
        not: [85, -127]
        step: 5
        rollover: 1e6
        time: {at: ts, form: epoch-s}
  - {topic: "tele/{device}/STATE", format: json, readings: [{metric: occupancy, at: POWER, states: {"ON": 1, "OFF": 0}}, {metric: count, at: a.c, default: 0}]}
  - {topic: "senml/{device}", format: [senml, senml-cbor], readings: [{metric: "{metric}", name: "urn:x:{metric}"}]}
  - {topic: "tele/{device}/LWT", ignore: true}
)";

TEST(ProfileTest, ParseReadsEveryField) {
  const Profile profile = ParseProfile(kEverything);
  EXPECT_EQ(profile.id(), "all");
  EXPECT_EQ(profile.about(), "every field once");
  EXPECT_EQ(profile.expects(), std::chrono::minutes(5));
  ASSERT_EQ(profile.personal().size(), 2u);
  EXPECT_EQ(profile.personal()[1].text(), "net.ssid");
  ASSERT_EQ(profile.messages().size(), 4u);
  const MessageSpec& sensor = profile.messages()[0];
  EXPECT_EQ(sensor.formats, (std::vector{PayloadFormat::kNumber, PayloadFormat::kJson}));
  EXPECT_EQ(sensor.device->text(), "id");
  EXPECT_TRUE(sensor.secret);
  EXPECT_TRUE(sensor.parts_inside);
  EXPECT_EQ(sensor.sequence->text(), "n");
  ASSERT_EQ(sensor.time->at.size(), 2u);
  EXPECT_EQ(sensor.time->forms,
            kStampIso | kStampIsoLocal | kStampEpochSeconds | kStampEpochMillis);
  EXPECT_TRUE(sensor.time->end);
  EXPECT_EQ(sensor.time->interval, std::chrono::minutes(10));
  const ReadingSpec& reading = sensor.readings.at(0);
  EXPECT_EQ(reading.metric, "temperature");
  EXPECT_EQ(reading.at->text(), "'DS-{part}'.T");
  EXPECT_EQ(reading.unit, "Cel");
  EXPECT_EQ(reading.unit_at->text(), "TempUnit");
  EXPECT_EQ(reading.units[1], (std::pair<std::string, std::string>("F", "°F")));
  EXPECT_TRUE(reading.text);
  EXPECT_EQ(reading.range->second, *Decimal::Parse("125.5"));
  EXPECT_EQ(reading.faults, (std::vector{*Decimal::Parse("85"), *Decimal::Parse("-127")}));
  EXPECT_EQ(*reading.step, *Decimal::Parse("5"));
  EXPECT_EQ(*reading.rollover, *Decimal::Parse("1000000"));
  EXPECT_EQ(reading.time->forms, kStampEpochSeconds);
  EXPECT_EQ(profile.messages()[1].readings[0].states[0], (std::pair<std::string, bool>("ON", true)));
  EXPECT_EQ(profile.messages()[1].readings[1].default_value, "0");
  EXPECT_TRUE(profile.messages()[3].ignore);
  EXPECT_EQ(profile.Metrics(),
            (std::vector<std::string>{"temperature", "occupancy", "count", "{metric}"}));
  EXPECT_EQ(profile.Find("count"), &profile.messages()[1].readings[1]);
  EXPECT_EQ(profile.Find("noise"), &profile.messages()[2].readings[0]);
}

TEST(ProfileTest, FiltersAreOfWhatIsReadOnly) {
  std::vector<Profile> profiles;
  profiles.push_back(ParseProfile(kEverything));
  profiles.push_back(ParseProfile(kGeneric));
  EXPECT_EQ(Filters(profiles), (std::vector<std::string>{"senml/+", "sensors/+/+", "tele/+/SENSOR",
                                                         "tele/+/STATE"}));
}

TEST(ProfileTest, ParseRefusesWhatIsMissingWrongOrUnknown) {
  struct Case {
    std::string from, to, why;  // why: a part of the error
  };
  const Case cases[] = {
      {"commons-profile/1", "commons-profile/2", "schema"},
      {"id: all\n", "", "id: missing"},
      {"id: all", "id: All", "lower-case letter"},
      {"about: every field once\n", "", "about: missing"},
      {"expects: PT5M", "expects: 5m", "expects"},
      {"expects: PT5M", "more: 1", "more: unknown key"},
      {"personal: [id, net.ssid]", "personal: [id, net..ssid]", "line 5 column 11: profile: personal"},
      {"tele/{device}/SENSOR", "tele/{thing}/SENSOR", "line 7 column 12: message: topic"},
      {"tele/{device}/SENSOR", "tele/{device}/{any...}", "ignored topics"},
      {"tele/{device}/STATE", "tele/{device}/SENSOR", "another message has it"},
      {"format: [number, json]", "format: xml", "\"xml\" is not one of"},
      {"format: [number, json]", "format: [json, sck]", "both begin"},
      {"format: [number, json]", "format: [json, senml]", "SenML goes with no other"},
      {"format: [number, json]", "format: number", "at: is for json and sck"},
      {"device: id", "device: 'x-{part}'", "no placeholder"},
      {"form: [iso, iso-local, epoch-s, epoch-ms]", "form: unix", "\"unix\" is not one of"},
      {"form: [iso, iso-local, epoch-s, epoch-ms], ", "", "form: missing"},
      {"stamp: end, interval", "stamp: start, interval", "matters only with"},
      {"metric: temperature", "metric: Temperature", "id of a metric"},
      {"metric: temperature", "metric: \"{metric}\"", "{metric} must stand in one place"},
      {"\"'DS-{part}'.T\"", "\"'DS-{metric}'.T\"", "must be \"{metric}\""},
      {"\"'DS-{part}'.T\"", "\"'DS-{device}'.T\"", "{device} goes into"},
      {"at: \"'DS-{part}'.T\"\n", "unit_at: x\n", "unit_at"},
      {"unit: Cel\n", "unit: \"\"\n", "1 to 64 bytes"},
      {"range: [-40, 125.5]", "range: [-40]", "[lowest, highest]"},
      {"not: [85, -127]", "not: [hot]", "list of numbers"},
      {"step: 5", "step: -5", "positive"},
      {"step: 5", "step: 0", "positive"},
      {"rollover: 1e6", "rollover: many", "rollover"},
      {"{\"ON\": 1, \"OFF\": 0}", "{\"ON\": 2}", "for 0 or for 1"},
      {"{\"ON\": 1, \"OFF\": 0}", "{\"ON\": 1}, unit: W", "nothing for a state"},
      {"at: a.c, default: 0", "at: \"a[{part}]\", default: 0", "without placeholder"},
      {"at: a.c, default: 0", "at: a.c, default: none", "must be a number"},
      {"name: \"urn:x:{metric}\"", "at: x", "needs the name"},
      {"format: [senml, senml-cbor]", "format: [senml], device: id", "SenML says it in names"},
      {"ignore: true", "ignore: true, format: json", "format: unknown key"},
      {"personal", "claim: me\npersonal", "claim already says"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.from + " -> " + c.to);
    std::string text = kEverything;
    const std::size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, c.from.size(), c.to);
    const StatusOr<Profile> profile = Profile::Parse(text, "some.yaml");
    EXPECT_EQ(profile.status().code(), StatusCode::kInvalidArgument);
    EXPECT_TRUE(Message(profile.status()).starts_with("some.yaml: line ")) << profile.status();
    EXPECT_NE(Message(profile.status()).find(c.why), std::string_view::npos) << profile.status();
  }
}

TEST(ProfileTest, ADeviceMustBeNamedSomewhere) {
  const std::string message =
      "  - {topic: home/lamp, format: json, readings: [{metric: power, at: p}]}\n";
  const std::string head = "schema: commons-profile/1\nid: own\nabout: one lamp\n";
  EXPECT_FALSE(Profile::Parse(head + "messages:\n" + message, "own").ok());
  EXPECT_TRUE(Profile::Parse(head + "claim: lamp\nmessages:\n" + message, "own").ok());
}

TEST(ProfileTest, TheProfilesThatShipAreGood) {
  const StatusOr<std::vector<Profile>> profiles =
      LoadProfiles(GATEWAY_SOURCE_DIR "/gateway/ingest/profiles");
  ASSERT_TRUE(profiles.ok()) << profiles.status();
  const auto generic = std::ranges::find(*profiles, "generic", &Profile::id);
  ASSERT_NE(generic, profiles->end());
  EXPECT_EQ(generic->Metrics(), std::vector<std::string>{"{metric}"});
}

TEST(ProfileTest, LoadProfilesRefusesTwoOfOneId) {
  const TempDir dir;
  dir.Write("a.yaml", kGeneric);
  dir.Write("b.yaml", kGeneric);
  EXPECT_EQ(LoadProfiles(dir.path()).status().code(), StatusCode::kAlreadyExists);
}

TEST(ProfileTest, LoadProfilesRefusesADirectoryWithoutProfiles) {
  const TempDir dir;
  dir.Write("readme.txt", "nothing");
  EXPECT_EQ(LoadProfiles(dir.path()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(LoadProfiles(dir.path() + "/missing").status().code(), StatusCode::kNotFound);
}

TEST(ProfileTest, LoadProfilesNamesTheFileItRefuses) {
  const TempDir dir;
  dir.Write("a.yaml", kGeneric);
  dir.Write("broken.yaml", "schema: [");
  const StatusOr<std::vector<Profile>> profiles = LoadProfiles(dir.path());
  EXPECT_EQ(profiles.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(profiles.status()).find("broken.yaml"), std::string_view::npos);
}

Status ErrorOf(const std::string& message) {
  return Profile::Parse("schema: commons-profile/1\nid: p\nabout: a test\nmessages:\n  - {" +
                            message + "}\n",
                        "test.yaml")
      .status();
}

TEST(ProfileTest, AMessageMayHaveSeveralTopics) {
  const Profile profile = OneMessage(
      R"(topic: ["tele/{device}/S", "{device}/tele/S"], format: number, readings: [{metric: power}])");
  ASSERT_EQ(profile.messages().size(), 2u);
  EXPECT_EQ(profile.messages()[1].topic.text(), "{device}/tele/S");
  EXPECT_EQ(profile.messages()[1].readings.size(), 1u);
  const std::string rest = ", format: number, readings: [{metric: power}]";
  for (const char* topics : {R"(["a/{device}", "b/{device}/{part}"])", R"(["a/{device}", b])",
                             R"(["a/{device}", "a/{device}"])", R"(["a/{device}", "b//{device}"])",
                             R"(["a/{device}", "b/{device}/{any...}"])", "[]"}) {
    EXPECT_EQ(ErrorOf(std::string("topic: ") + topics + rest).code(), StatusCode::kInvalidArgument)
        << topics;
  }
}

TEST(ProfileTest, OnlyAnIntervalCanBeWhole) {
  const auto error = [](const std::string& time) {
    return ErrorOf("topic: \"a/{device}\", format: json, time: {at: t, form: epoch-s, " + time +
                   "}, readings: [{metric: load, at: v}]");
  };
  EXPECT_TRUE(error("stamp: end, interval: PT1M, whole: true").ok());
  EXPECT_FALSE(error("stamp: end, whole: true").ok());
  EXPECT_FALSE(error("stamp: start, whole: true").ok());
}

}  // namespace
}  // namespace gateway::ingest
