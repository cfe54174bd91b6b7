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
