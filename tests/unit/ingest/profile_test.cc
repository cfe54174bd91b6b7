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

}  // namespace
}  // namespace gateway::ingest
