// Collect rules at the door of a whole gateway.
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using port::DoorCode;
using std::chrono::minutes;

constexpr std::string_view kCollect = "metric: load, profile: generic";

class CollectTest : public ::testing::Test {
 protected:
  // From now on by this collect rule, instead of the fixture's.
  void Collect(std::string_view rule) {
    std::string policy = commons_.PolicyYaml(
        3, 2, HexEncode(crypto::Blake2b256(commons_.gateway().documents()->policy)));
    policy.replace(policy.find(kCollect), kCollect.size(), rule);
    const std::string kind = "kind: delta";
    policy.replace(policy.find(kind), kind.size(), "kind: gauge");
    ASSERT_TRUE(commons_.Activate({{crypto::kPolicyType, policy}}).ok());
  }
  void Enrol(const std::string& device, const std::string& profile,
             const std::string& own_profile = "") {
    ASSERT_TRUE(commons_.gateway()
                    .EnrolDevice({.device = device,
                                  .household = home_.household,
                                  .profile = profile,
                                  .own_profile = own_profile})
                    .ok());
  }
  const port::Admission& Find(std::string_view profile, std::string_view device) {
    table_ = commons_.gateway().admissions();
    return table_->Find(profile, device, "load");
  }

  Commons commons_;
  Member home_ = commons_.Join("flat-0");
  std::shared_ptr<const port::AdmissionTable> table_;
};

TEST_F(CollectTest, OnlyTheProfileThatTheRuleNamesDelivers) {
  Enrol("plug", "tasmota");
  EXPECT_EQ(Find("generic", home_.device).code, DoorCode::kAdmitted);
  EXPECT_EQ(Find("tasmota", "plug").code, DoorCode::kWrongProfile);
  EXPECT_EQ(Find("tasmota", "plug").rule, RuleId("c-load"));
  Collect("metric: load");
  EXPECT_EQ(Find("tasmota", "plug").code, DoorCode::kAdmitted);
}

// Whoever may enrol a device may write a profile for it; the rule names one that is installed.
TEST_F(CollectTest, AProfileOfTheDevicesOwnIsNotTheOneOfThatName) {
  Enrol("plug", "generic", "id: generic");
  EXPECT_EQ(Find("generic", "plug").code, DoorCode::kWrongProfile);
  Collect("metric: load");
  EXPECT_EQ(Find("generic", "plug").code, DoorCode::kAdmitted);
}

TEST_F(CollectTest, AWrongProfileIsCountedAsDeniedForThat) {
  Enrol("plug", "tasmota");
  commons_.gateway().Received(1);
  commons_.gateway().Refused(Find("tasmota", "plug").code);
  EXPECT_EQ(commons_.Counts()["wrong-profile"], 1u);
  EXPECT_EQ(commons_.Counts()["coarsened"], 0u);
}

TEST_F(CollectTest, TheDoorLearnsWhatToBlur) {
  EXPECT_EQ(Find("generic", home_.device).coarsen_step, 0);
  EXPECT_EQ(Find("generic", home_.device).coarsen_every, Millis(0));
  Collect("metric: load, coarsen: {step: 50, every: PT15M}");
  EXPECT_EQ(Find("generic", home_.device).coarsen_step, 50);
  EXPECT_EQ(Find("generic", home_.device).coarsen_every, minutes(15));
}

// After a restart the door remembers no span: it hands over a second reading, stamped as the first.
TEST_F(CollectTest, ASecondReadingOfASpanIsADuplicateForTheFold) {
  Collect("metric: load, coarsen: {every: PT15M}");
  commons_.Send(home_, "2013-01-13T00:00:00Z", 100);
  commons_.Restart();
  commons_.Send(home_, "2013-01-13T00:00:00Z", 90);
  EXPECT_EQ(commons_.Counts()["conflict"], 1u);
  EXPECT_EQ(commons_.Counts()["stored"], 0u);
}

}  // namespace
}  // namespace gateway::pipeline
