// Devices as they are enrolled: profile, claim, login, and what the door finds of them.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using port::DoorCode;

class DevicesTest : public ::testing::Test {
 protected:
  DevicesTest() { member_ = std::make_unique<Member>(commons_.Join("flat-1")); }
  Pipeline& gateway() { return commons_.gateway(); }
  StatusCode Enrol(const port::DeviceEnrolment& enrolment) {
    return gateway().EnrolDevice(enrolment).status().code();
  }
  DoorCode At(std::string_view profile, std::string_view claim) {
    return gateway().admissions()->FindDevice(profile, claim);
  }

  Commons commons_;
  std::unique_ptr<Member> member_;
};

TEST_F(DevicesTest, TheDoorKnowsADeviceByItsProfileAndClaimAndNotByItsName) {
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1", .profile = "tasmota",
                   .claim = "tasmota_4F2A"}), StatusCode::kOk);
  const auto table = gateway().admissions();
  const port::Admission& admission = table->Find("tasmota", "tasmota_4F2A", "load");
  EXPECT_EQ(admission.code, DoorCode::kWrongProfile);  // known; the rule is for another profile
  EXPECT_EQ(admission.device, DeviceId("heater"));
  EXPECT_EQ(table->FindDevice("tasmota", "tasmota_4F2A"), DoorCode::kAdmitted);
  EXPECT_EQ(table->FindDevice("tasmota", "heater"), DoorCode::kUnknownDevice);
  EXPECT_EQ(table->Find("tasmota", "heater", "load").code, DoorCode::kUnknownDevice);
}

TEST_F(DevicesTest, AClaimThroughAnotherProfileIsDeniedAsThat) {
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1", .profile = "tasmota"}),
            StatusCode::kOk);
  EXPECT_EQ(At("generic", "heater"), DoorCode::kOtherProfile);
  EXPECT_EQ(gateway().admissions()->Find("generic", "heater", "load").code,
            DoorCode::kOtherProfile);
}

TEST_F(DevicesTest, AnyPartIsFoundByTheDeviceThatItIsAPartOf) {
  ASSERT_EQ(Enrol({.device = "plug", .household = "flat-1", .profile = "shelly",
                   .claim = "plug-7:0"}), StatusCode::kOk);
  EXPECT_EQ(At("shelly", "plug-7:*"), DoorCode::kAdmitted);
  EXPECT_EQ(At("generic", "plug-7:*"), DoorCode::kOtherProfile);
  EXPECT_EQ(At("shelly", "plug-7"), DoorCode::kUnknownDevice);
  EXPECT_EQ(At("shelly", "plug-:*"), DoorCode::kUnknownDevice);
  EXPECT_EQ(At("shelly", "plug-8:*"), DoorCode::kUnknownDevice);
  EXPECT_EQ(At("generic", "meter-flat-1:*"), DoorCode::kUnknownDevice);  // it has no parts
}

TEST_F(DevicesTest, OfPartsOfTwoHouseholdsTheConfirmedOneAnswersForBoth) {
  commons_.Invite("flat-2");
  const auto part = [](const char* n, const char* household) {
    return port::DeviceEnrolment{.device = std::string("p") + n, .household = household,
                                 .profile = "shelly", .claim = std::string("pm:") + n};
  };
  ASSERT_EQ(Enrol(part("2", "flat-2")), StatusCode::kOk);
  EXPECT_EQ(At("shelly", "pm:*"), DoorCode::kHouseholdUnconfirmed);
  ASSERT_EQ(Enrol(part("1", "flat-1")), StatusCode::kOk);
  EXPECT_EQ(At("shelly", "pm:*"), DoorCode::kAdmitted);
}

TEST_F(DevicesTest, ASecondDeviceOfOneClaimIsRefusedWhateverItsProfileAndHousehold) {
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1", .profile = "tasmota",
                   .claim = "secret-token", .secret = true}), StatusCode::kOk);
  commons_.Invite("flat-2");
  const Status refused =
      gateway().EnrolDevice({.device = "fridge", .household = "flat-2", .profile = "shelly",
                             .claim = "secret-token"}).status();
  EXPECT_EQ(refused.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Message(refused).find("flat-1"), std::string_view::npos);
  EXPECT_EQ(Message(refused).find("secret-token"), std::string_view::npos);
}

TEST_F(DevicesTest, ClaimsProfilesAndTextsAreBounded) {
  const auto with = [](std::string profile, std::string claim, std::size_t own_bytes = 0) {
    return port::DeviceEnrolment{.device = "d", .household = "flat-1",
                                 .profile = std::move(profile), .claim = std::move(claim),
                                 .own_profile = std::string(own_bytes, 'x')};
  };
  for (const auto& refused :
       {with("generic", "a+b"), with("generic", "#"), with("generic", "plug-7:*"),
        with("generic", std::string("a\0b", 3)), with("generic", "a\nb"),
        with("generic", std::string(limits::kClaimBytesMax + 1, 'x')), with("", "x"),
        with("Not An Id", "x"), with("own", "x", limits::kOwnProfileBytesMax + 1)}) {
    EXPECT_EQ(Enrol(refused), StatusCode::kInvalidArgument) << refused.claim;
  }
  EXPECT_EQ(Enrol(with("generic", std::string(limits::kClaimBytesMax, 'x'))), StatusCode::kOk);
}

TEST_F(DevicesTest, OneHouseholdHasSoManyDevicesAndNoMore) {
  for (std::size_t i = 1; i < limits::kDevicesPerOwnerMax; ++i) {
    ASSERT_EQ(Enrol({.device = Format("d%d", i), .household = "flat-1"}), StatusCode::kOk);
  }
  EXPECT_EQ(Enrol({.device = "one-more", .household = "flat-1"}), StatusCode::kResourceExhausted);
}

TEST_F(DevicesTest, OwnProfilesHaveSoManyTopicsTogetherAndNoMore) {
  commons_.ReadOwnProfiles(5);
  const auto own = [&](const std::string& device, const std::string& text) {
    return gateway().EnrolDevice({.device = device, .household = "flat-1", .own_profile = text})
        .status();
  };
  ASSERT_TRUE(own("a", "1\n2\n3\n").ok());
  const Status refused = own("b", "1\n2\n3\n");
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(refused).substr(0, 77),
            "device: a profile of its own with 3 topics, and such profiles have 3 already,");
  EXPECT_TRUE(own("b", "1\n2\n").ok());
  EXPECT_EQ(own("c", "1\n").code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(own("c", "").ok());  // needs none
  commons_.Restart();
  EXPECT_EQ(own("d", "1\n").code(), StatusCode::kResourceExhausted);
  ASSERT_TRUE(gateway().EraseHousehold("flat-1").ok());
  commons_.Invite("flat-2");
  EXPECT_TRUE(gateway().EnrolDevice({.device = "e", .household = "flat-2",
                                     .own_profile = "1\n2\n3\n4\n5\n"}).ok());
}

TEST_F(DevicesTest, WithoutBrokerLoginsNobodyGetsOne) {
  const auto credentials = gateway().EnrolDevice({.device = "d", .household = "flat-1"});
  ASSERT_TRUE(credentials.ok());
  EXPECT_EQ(credentials->login + credentials->password, "");
  EXPECT_EQ(gateway().AddBrokerLogin("attic", "zigbee2mqtt").status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(DevicesTest, LoginsAreRandomNameNobodyAndSurviveARestart) {
  commons_.UseBrokerLogins();
  std::set<std::string> texts;
  for (const char* device : {"heater", "fridge"}) {
    const auto credentials = gateway().EnrolDevice({.device = device, .household = "flat-1"});
    ASSERT_TRUE(credentials.ok());
    EXPECT_TRUE(credentials->login.starts_with(port::kLoginPrefix));
    EXPECT_EQ(credentials->login.size(), port::kLoginPrefix.size() + 16);
    EXPECT_EQ(credentials->password.size(), 26u);  // 128 bits
    texts.insert({credentials->login, credentials->password});
  }
  EXPECT_EQ(texts.size(), 4u);
  commons_.Restart();
  std::size_t found = 0;
  const auto table = gateway().admissions();
  for (const auto& device : table->devices()) {
    if (device->login.empty()) continue;  // enrolled before
    found += texts.contains(device->login) && texts.contains(device->password) ? 1 : 0;
  }
  EXPECT_EQ(found, 2u);
}

TEST_F(DevicesTest, ARenewedLoginReplacesTheOldOneAndNothingElse) {
  EXPECT_EQ(gateway().RenewLogin("meter-flat-1").status().code(), StatusCode::kFailedPrecondition);
  commons_.UseBrokerLogins();
  const auto first = gateway().RenewLogin("meter-flat-1");  // which was added without one
  ASSERT_TRUE(first.ok());
  const auto second = gateway().RenewLogin("meter-flat-1");
  ASSERT_TRUE(second.ok());
  EXPECT_NE(first->login, second->login);
  EXPECT_NE(first->password, second->password);
  const port::EnrolledDevice device = *gateway().admissions()->devices()[0];
  EXPECT_EQ(device.login, second->login);
  EXPECT_EQ(device.password, second->password);
  EXPECT_EQ(device.claim, "meter-flat-1");
  EXPECT_EQ(gateway().RenewLogin("nobody").status().code(), StatusCode::kNotFound);
}

TEST_F(DevicesTest, ErasingAHouseholdTakesItsDevicesClaimsAndLogins) {
  commons_.UseBrokerLogins();
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1", .claim = "t-1"}), StatusCode::kOk);
  ASSERT_TRUE(gateway().EraseHousehold("flat-1").ok());
  EXPECT_TRUE(gateway().admissions()->devices().empty());
  EXPECT_EQ(At("generic", "t-1"), DoorCode::kUnknownDevice);
  commons_.Invite("flat-2");
  EXPECT_EQ(Enrol({.device = "heater", .household = "flat-2", .claim = "t-1"}), StatusCode::kOk);
}

TEST_F(DevicesTest, BrokerLoginsAreAddedListedRemovedAndKept) {
  commons_.UseBrokerLogins();
  const auto added = gateway().AddBrokerLogin("attic", "zigbee2mqtt");
  ASSERT_TRUE(added.ok()) << Message(added.status());
  EXPECT_EQ(gateway().AddBrokerLogin("attic", "tasmota").status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(gateway().AddBrokerLogin("a/b", "tasmota").status().code(),
            StatusCode::kInvalidArgument);
  commons_.Restart();
  ASSERT_EQ(gateway().admissions()->bridges().size(), 1u);
  EXPECT_EQ(gateway().admissions()->bridges()[0].password, added->password);
  const auto rows = gateway().ListBrokerLogins();
  ASSERT_TRUE(rows.ok() && rows->size() == 1);
  EXPECT_EQ((*rows)[0].login, added->login);
  EXPECT_TRUE(gateway().RemoveBrokerLogin("attic").ok());
  EXPECT_TRUE(gateway().admissions()->bridges().empty());
  EXPECT_EQ(gateway().RemoveBrokerLogin("attic").code(), StatusCode::kNotFound);
}

// Changes are put into the picture one by one; a start makes it of everything.
TEST_F(DevicesTest, APictureOfManyChangesIsTheOneThatAStartMakes) {
  commons_.UseBrokerLogins();
  const Member invited = commons_.Invite("flat-2");
  ASSERT_TRUE(gateway().AddPlace("lamp", "north").ok());
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(Enrol({.device = "d" + n,
                     .household = i % 3 == 2 ? "" : "flat-" + std::to_string(1 + i % 3),
                     .place = i % 3 == 2 ? "lamp" : "",
                     .profile = i % 2 == 0 ? "shelly" : "generic",
                     .claim = i % 4 == 0 ? "pm-" + std::to_string(i / 8) + ":" + n : "c" + n}),
              StatusCode::kOk);
    if (i == 20) commons_.Confirm(invited);
    if (i % 10 == 5) {
      ASSERT_TRUE(gateway().RenewLogin("d" + n).ok());
    }
  }
  ASSERT_TRUE(gateway().AddBrokerLogin("attic", "zigbee2mqtt").ok());
  const auto before = gateway().admissions();
  commons_.Restart();
  const auto after = gateway().admissions();
  ASSERT_EQ(before->devices().size(), 42u);
  ASSERT_EQ(after->devices().size(), 42u);
  std::map<DeviceId, const port::EnrolledDevice*> devices;
  for (const auto& device : after->devices()) devices[device->device] = device.get();
  for (const auto& device : before->devices()) {
    const port::EnrolledDevice& other = *devices.at(device->device);
    EXPECT_EQ(device->claim, other.claim);
    EXPECT_EQ(device->login, other.login);
    EXPECT_EQ(device->password, other.password);
    EXPECT_EQ(device->expected, other.expected);
    for (const std::string_view profile : {"shelly", "generic"}) {
      EXPECT_EQ(before->FindDevice(profile, device->claim), after->FindDevice(profile, device->claim));
      const std::string whole = device->claim.substr(0, device->claim.find(':')) + ":*";
      EXPECT_EQ(before->FindDevice(profile, whole), after->FindDevice(profile, whole));
      const port::Admission& a = before->Find(profile, device->claim, "load");
      const port::Admission& b = after->Find(profile, device->claim, "load");
      EXPECT_EQ(std::tie(a.code, a.rule, a.owner, a.device, a.series),
                std::tie(b.code, b.rule, b.owner, b.device, b.series));
    }
  }
}

TEST_F(DevicesTest, ADeviceOfWhichNothingChangedIsTheSameObjectInTheNextPicture) {
  const auto first = gateway().admissions();
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1"}), StatusCode::kOk);
  const auto second = gateway().admissions();
  EXPECT_EQ(first->devices().size(), 1u);
  ASSERT_EQ(second->devices().size(), 2u);
  EXPECT_EQ(second->devices()[0], first->devices()[0]);
}

TEST_F(DevicesTest, AGrantChangesNothingAtTheDoor) {
  int told = 0;
  gateway().SetAdmissionsWatcher([&told] { ++told; });
  const auto before = gateway().admissions();
  ASSERT_TRUE(gateway().WithdrawGrants("flat-1", "").ok());
  EXPECT_EQ(gateway().admissions(), before);
  EXPECT_EQ(told, 0);
  ASSERT_EQ(Enrol({.device = "heater", .household = "flat-1"}), StatusCode::kOk);
  EXPECT_EQ(told, 1);
}

TEST_F(DevicesTest, ASecretClaimIsInNoList) {
  ASSERT_EQ(Enrol({.device = "kit", .household = "flat-1", .profile = "smartcitizen",
                   .claim = "a-token", .secret = true}), StatusCode::kOk);
  const auto rows = gateway().ListDevices();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ((*rows)[0].device, "kit");
  EXPECT_EQ((*rows)[0].claim, "");
  EXPECT_EQ((*rows)[1].claim, "meter-flat-1");
}

// What `commons device list` compares silence with.
TEST_F(DevicesTest, ADeviceIsExpectedAtTheLongestIntervalOfWhatItMaySend) {
  EXPECT_EQ(gateway().admissions()->devices()[0]->expected, Millis(std::chrono::minutes(30)));
}

}  // namespace
}  // namespace gateway::pipeline
