// The profiles that ship, by tables of messages: profile_cases/ID.txt has for each family good, odd
// and hostile ones.
//
//   enrol plug-7 twin:0          claims of this profile's devices, each with every metric
//
//   == what the case is about
//   tele/plug-7/SENSOR
//   {"ENERGY":{"Power":3}}       the payload in one line; (empty); hex: and bytes
//   plug-7 power 30 arrival      what comes out (profiles_fixture.h); nothing: no observation
#include "profiles_fixture.h"

#include <sstream>

namespace gateway::ingest {
namespace {

constexpr char kCases[] = GATEWAY_SOURCE_DIR "/tests/unit/ingest/profile_cases";

std::vector<std::string> Families() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string PayloadOf(const std::string& line) {
  if (line == "(empty)") return "";
  if (!line.starts_with("hex:")) return line;
  std::string bytes;
  for (std::size_t i = 4; i + 1 < line.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

class ProfileCasesTest : public ProfilesTest, public testing::WithParamInterface<std::string> {};

TEST_P(ProfileCasesTest, EachMessageYieldsExactlyWhatItsCaseSays) {
  std::ifstream file(std::string(kCases) + "/" + GetParam() + ".txt");
  std::string line, name, topic, payload;
  Outcome want;
  int cases = 0;
  const auto check = [&] {
    if (name.empty()) return;
    EXPECT_EQ(Resolve(topic, PayloadOf(payload)), want) << name;
    ++cases;
    want.clear();
  };
  while (std::getline(file, line)) {
    if (line.starts_with("enrol ")) {
      std::istringstream claims(line.substr(6));
      for (std::string claim; claims >> claim;) Enrol(GetParam(), {claim});
    } else if (line.starts_with("== ")) {
      check();
      name = line.substr(3);
      std::getline(file, topic);
      std::getline(file, payload);
    } else if (!line.empty()) {
      want.push_back(line);
    }
  }
  check();
  EXPECT_GE(cases, 5) << "good, odd and hostile";
}

INSTANTIATE_TEST_SUITE_P(Family, ProfileCasesTest, testing::ValuesIn(Families()),
                         [](const auto& family) {
                           std::string name = family.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(ProfilesTest, EveryProfileThatShipsHasCases) {
  std::vector<std::string> ids;
  for (const Profile& profile : Shipped()) ids.push_back(profile.id());
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(Families(), ids);
}

// Several families read the same topics; nobody should be told of a rare one first.
TEST_F(ProfilesTest, AStrangerIsProposedTheCommonFamilyOfItsTopic) {
  EXPECT_EQ(FamilyOfStranger("tele/new/SENSOR", "{}"), "tasmota");
  EXPECT_EQ(FamilyOfStranger("zigbee2mqtt/new", "{}"), "zigbee2mqtt");
  EXPECT_EQ(FamilyOfStranger("new/events/rpc", "{}"), "shelly-gen2");
}

TEST_F(ProfilesTest, OnlyASmartCitizenKitsTokenIsASecret) {
  for (const Profile& profile : Shipped()) {
    for (const MessageSpec& message : profile.messages()) {
      EXPECT_EQ(message.secret, profile.id() == "smart-citizen") << profile.id();
    }
  }
}

TEST_F(ProfilesTest, ADeviceIsReadByTheFamilyThatItWasEnrolledWith) {
  Enrol("zlinky", {"meter"});
  EXPECT_EQ(Resolve("zigbee2mqtt/meter", R"({"apparent_power":7,"power":8})"),
            Outcome{"meter apparent-power 7 arrival"});
  EXPECT_EQ(Resolve("shellies/meter/relay/0/power", "8"), Outcome{"unknown-device"});
  EXPECT_EQ(Resolve("v3/app/devices/meter/up", "{}"), Outcome{"other-profile"});
}

}  // namespace
}  // namespace gateway::ingest
