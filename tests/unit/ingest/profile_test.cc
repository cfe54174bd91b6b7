#include "gateway/ingest/profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr char kGeneric[] = R"(schema: commons-profile/1
id: generic
topic: sensors/{device}/{metric}
payload: {number: true, json: {value: value, unit: unit, time: time}}
stamp: start
)";

Profile WithTopic(const std::string& topic) {
  StatusOr<Profile> profile = Profile::Make({.id = "p", .topic = topic, .number = true, .json = {}});
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *std::move(profile);
}

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

TEST(ProfileTest, MatchTopicFindsDeviceAndMetric) {
  struct Case {
    std::string pattern, topic, device, metric;
  };
  const Case cases[] = {
      {"sensors/{device}/{metric}", "sensors/meter-1/load", "meter-1", "load"},
      {"sensors/{device}/{metric}", "sensors/ /x y", " ", "x y"},
      {"sensors/{device}/{metric}", "sensors/Zähler/$", "Zähler", "$"},
      {"{metric}/of/{device}", "load/of/m", "m", "load"},
      {"a/{device}/{metric}/state", "a/b/c/state", "b", "c"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.topic);
    const Profile profile = WithTopic(c.pattern);
    const std::optional<TopicMatch> match = profile.MatchTopic(c.topic);
    ASSERT_TRUE(match);
    EXPECT_EQ(match->device, c.device);
    EXPECT_EQ(match->metric, c.metric);
  }
}

TEST(ProfileTest, MatchTopicRefusesEverythingElse) {
  const Profile profile = WithTopic("sensors/{device}/{metric}");
  const std::string long_level(limits::kTopicBytesMax, 'd');
  const std::string topics[] = {
      "", "/", "sensors", "sensors/", "sensors/d", "sensors/d/", "sensors//m", "sensors//",
      "sensors/d/m/", "sensors/d/m/x", "/sensors/d/m", "Sensors/d/m", "sensor/d/m", "sensorsx/d/m",
      "sensors/+/m", "sensors/d/#", "sensors/d+/m", "sensors/d/m#", std::string("sensors/d\0/m", 12),
      "sensors/" + long_level + "/m"};
  for (const std::string& topic : topics) {
    EXPECT_FALSE(profile.MatchTopic(topic)) << topic;
  }
}

TEST(ProfileTest, MatchTopicTakesTopicsUpToTheLimit) {
  const Profile profile = WithTopic("{device}/{metric}");
  const std::string most = std::string(limits::kTopicBytesMax - 2, 'd') + "/m";
  EXPECT_TRUE(profile.MatchTopic(most));
  EXPECT_FALSE(profile.MatchTopic(most + "m"));
}

TEST(ProfileTest, FilterCoversTheTemplate) {
  EXPECT_EQ(WithTopic("sensors/{device}/{metric}").Filter(), "sensors/+/+");
  EXPECT_EQ(WithTopic("{metric}/of/{device}").Filter(), "+/of/+");
}

TEST(ProfileTest, MakeRefusesTemplatesThatAreAmbiguousOrUseless) {
  for (const char* topic : {"", "sensors/{device}", "sensors/{metric}", "{device}/{device}/{metric}",
                            "s/{device}/{metric}/{room}", "s/x{device}/{metric}", "s//{device}/{metric}",
                            "s/+/{device}/{metric}", "{device}/{metric}/#", "{device}/{metric}/"}) {
    EXPECT_EQ(Profile::Make({.id = "p", .topic = topic, .number = true, .json = {}}).status().code(),
              StatusCode::kInvalidArgument)
        << topic;
  }
}

TEST(ProfileTest, MakeRefusesPayloadsWithoutFormOrWithOneFieldForTwoThings) {
  const std::string topic = "{device}/{metric}";
  EXPECT_FALSE(Profile::Make({.id = "p", .topic = topic, .number = false, .json = {}}).ok());
  for (const JsonFields& json : {JsonFields{"", "u", "t"}, JsonFields{"v", "v", "t"},
                                 JsonFields{"v", "u", "v"}, JsonFields{"v", "u", "u"}}) {
    EXPECT_FALSE(Profile::Make({.id = "p", .topic = topic, .number = true, .json = json}).ok());
  }
  EXPECT_TRUE(
      Profile::Make({.id = "p", .topic = topic, .number = false, .json = JsonFields{"v", "", ""}})
          .ok());
}

TEST(ProfileTest, ParseReadsEveryField) {
  const StatusOr<Profile> profile = Profile::Parse(kGeneric, "generic.yaml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->id(), "generic");
  EXPECT_EQ(profile->Filter(), "sensors/+/+");
  EXPECT_TRUE(profile->number());
  ASSERT_TRUE(profile->json());
  EXPECT_EQ(profile->json()->value, "value");
  EXPECT_EQ(profile->json()->unit, "unit");
  EXPECT_EQ(profile->json()->time, "time");
}

TEST(ProfileTest, ParseRefusesWhatIsMissingWrongOrUnknown) {
  struct Case {
    std::string from, to;
  };
  const Case cases[] = {
      {"commons-profile/1", "commons-profile/2"}, {"id: generic\n", ""},
      {"id: generic", "id: Generic"},             {"stamp: start", "stamp: end"},
      {"stamp: start", "stamp: start\nmore: 1"},  {"number: true", "number: maybe"},
      {"value: value, ", ""},                     {"unit: unit", "units: unit"},
      {"{metric}", "{thing}"},                    {"payload: {number: true, json: {value: value, unit: unit, time: time}}\n", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.from + " -> " + c.to);
    std::string text = kGeneric;
    const std::size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, c.from.size(), c.to);
    const StatusOr<Profile> profile = Profile::Parse(text, "some.yaml");
    EXPECT_EQ(profile.status().code(), StatusCode::kInvalidArgument);
    EXPECT_TRUE(Message(profile.status()).starts_with("some.yaml: ")) << profile.status();
  }
}

TEST(ProfileTest, TheProfilesThatShipAreGood) {
  const StatusOr<std::vector<Profile>> profiles =
      LoadProfiles(GATEWAY_SOURCE_DIR "/gateway/ingest/profiles");
  ASSERT_TRUE(profiles.ok()) << profiles.status();
  ASSERT_EQ(profiles->size(), 1u);
  EXPECT_EQ((*profiles)[0].id(), "generic");
  EXPECT_TRUE((*profiles)[0].MatchTopic("sensors/meter-1/load"));
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

}  // namespace
}  // namespace gateway::ingest
