// Which commands lead the broker's plugin from what it has to what it should have. The answers are
// those of mosquitto 2.0.11.
#include "gateway/ingest/broker_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::ingest {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<BrokerLogin> Wanted() {
  return {{"commons-a", "pa", {"sensors/a/+"}},
          {"commons-b", "pb", {"tele/b/SENSOR", "tele/b/STATE"}}};
}

TEST(BrokerPlanTest, AnEmptyBrokerGetsDenialsRolesAndLogins) {
  EXPECT_THAT(
      PlanCommands(Wanted(), {}),
      ElementsAre(
          AllOf(HasSubstr("setDefaultACLAccess"),
                HasSubstr(R"({"acltype":"publishClientSend","allow":false})"),
                HasSubstr(R"({"acltype":"subscribe","allow":false})")),
          R"({"command":"createRole","rolename":"commons-a","acls":[{"acltype":"publishClientSend","topic":"sensors/a/+","allow":true}]})",
          R"({"command":"createClient","username":"commons-a","password":"pa","roles":[{"rolename":"commons-a"}]})",
          AllOf(HasSubstr("createRole"), HasSubstr("tele/b/SENSOR"), HasSubstr("tele/b/STATE")),
          AllOf(HasSubstr("createClient"), HasSubstr("commons-b"))));
}

TEST(BrokerPlanTest, ABrokerThatHasItAllGetsNoCommand) {
  EXPECT_THAT(PlanCommands(Wanted(), AsWanted(Wanted())), IsEmpty());
}

TEST(BrokerPlanTest, WhoIsGoneGoesFirstAndOthersStay) {
  BrokerHas has = AsWanted(Wanted());
  has.clients["commons-gone"] = {"commons-gone"};
  has.roles["commons-gone"] = {};
  EXPECT_THAT(PlanCommands(Wanted(), has),
              ElementsAre(R"({"command":"deleteClient","username":"commons-gone"})",
                          R"({"command":"deleteRole","rolename":"commons-gone"})"));
}

TEST(BrokerPlanTest, AChangedRoleOrLoginIsMended) {
  BrokerHas has = AsWanted(Wanted());
  has.roles["commons-a"].insert("allow publishClientSend #");
  has.clients["commons-b"] = {"admin"};
  has.defaults = false;
  EXPECT_THAT(PlanCommands(Wanted(), has),
              ElementsAre(HasSubstr("setDefaultACLAccess"),
                          AllOf(HasSubstr("modifyRole"), HasSubstr("commons-a")),
                          AllOf(HasSubstr("modifyClient"), HasSubstr("commons-b"))));
}

TEST(BrokerPlanTest, TheOwnLoginIsNeverTakenForADevices) {
  BrokerHas has;
  ASSERT_TRUE(ReadAnswer(R"({"responses":[{"command":"listClients","data":{"totalCount":1,)"
                         R"("clients":[{"username":"commons-own","roles":[]}]}}]})",
                         "commons-own", has).ok());
  EXPECT_THAT(has.clients, IsEmpty());
}

TEST(BrokerPlanTest, NamesAndTopicsAreEscaped) {
  EXPECT_THAT(PlanCommands({{"commons-a", "p", {"a\"b\\c\x01"}}}, {}),
              ::testing::Contains(HasSubstr(R"(a\"b\\c\u0001)")));
}

TEST(BrokerPlanTest, ListsAreReadAndOnlyOursAreKept) {
  BrokerHas has;
  const auto roles = ReadAnswer(
      R"({"responses":[{"command":"listRoles","data":{"totalCount":7,"roles":[{"rolename":"admin","acls":[]},)"
      R"({"rolename":"commons-a","acls":[{"acltype":"publishClientSend","topic":"t/+","priority":0,"allow":true},)"
      R"({"acltype":"subscribePattern","topic":"#","priority":0,"allow":false}]}]},"correlationData":"x-1"}]})",
      "gateway", has);
  ASSERT_TRUE(roles.ok()) << Message(roles.status());
  EXPECT_EQ(roles->batch, "x-1");
  EXPECT_EQ(roles->total, 7u);
  EXPECT_EQ(roles->listed, 2u);
  const auto clients = ReadAnswer(
      R"({"responses":[{"command":"listClients","data":{"totalCount":3,"clients":[)"
      R"({"username":"gateway","textname":"x","roles":[{"rolename":"admin"}],"groups":[]},)"
      R"({"username":"somebody","roles":[],"groups":[]},)"
      R"({"username":"commons-a","roles":[{"rolename":"commons-a"}],"groups":[]}]}}]})",
      "gateway", has);
  ASSERT_TRUE(clients.ok());
  EXPECT_THAT(has.roles, ElementsAre(std::pair<const std::string, std::set<std::string>>(
                             "commons-a", {"allow publishClientSend t/+",
                                           "deny subscribePattern #"})));
  EXPECT_EQ(has.clients.size(), 1u);
  EXPECT_EQ(has.clients["commons-a"], std::set<std::string>{"commons-a"});
}

TEST(BrokerPlanTest, DefaultsCountOnlyIfBothAreDenied) {
  for (const auto& [publish, subscribe] : {std::pair{"false", "false"}, {"true", "false"},
                                           {"false", "true"}}) {
    BrokerHas has;
    const std::string answer = Format(
        R"({"responses":[{"command":"getDefaultACLAccess","data":{"acls":[)"
        R"({"acltype":"publishClientSend","allow":%s},{"acltype":"publishClientReceive","allow":true},)"
        R"({"acltype":"subscribe","allow":%s},{"acltype":"unsubscribe","allow":true}]}}]})",
        publish, subscribe);
    ASSERT_TRUE(ReadAnswer(answer, "gateway", has).ok());
    EXPECT_EQ(has.defaults, publish == std::string("false") && subscribe == std::string("false"));
  }
}

TEST(BrokerPlanTest, RefusalsAreReadAndRubbishIsNoAnswer) {
  BrokerHas has;
  const auto answer = ReadAnswer(
      R"({"responses":[{"command":"createRole"},{"command":"createRole","error":"Role already exists"}]})",
      "gateway", has);
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->errors, ElementsAre("createRole: Role already exists"));
  for (const char* rubbish : {"", "{", "[]", "{}", R"({"responses":3})", "\xff"}) {
    EXPECT_EQ(ReadAnswer(rubbish, "gateway", has).status().code(), StatusCode::kInvalidArgument)
        << rubbish;
  }
}

TEST(BrokerPlanTest, EveryCommandOfARequestCarriesItsBatch) {
  EXPECT_EQ(Request({GetDefaults(), ListRoles(0, 2)}, "x-1"),
            R"({"commands":[{"command":"getDefaultACLAccess","correlationData":"x-1"},)"
            R"({"command":"listRoles","verbose":true,"offset":0,"count":2,"correlationData":"x-1"}]})");
}

}  // namespace
}  // namespace gateway::ingest
