#include "gateway/federation/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_transport.h"

namespace gateway::federation {
namespace {

using commons::v1::QueryReply;
using commons::v1::QueryRequest;
using gateway::testing::FakeTransport;
using gateway::testing::PeerScript;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::chrono::seconds kLong{20};
constexpr std::chrono::milliseconds kShort{30};

QueryReply Part(const std::string& gateway, const std::string& bytes) {
  QueryReply reply;
  reply.set_gateway(gateway);
  reply.set_sealed(bytes);
  return reply;
}

std::string Text(const QueryReply& reply) {
  return reply.gateway() + ":" + reply.sealed() + reply.outcome() +
         (reply.code().empty() ? "" : " " + reply.code());
}

struct Peers {
  explicit Peers(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) gateways.push_back({.id = GatewayId(id)});
  }
  std::vector<const policy::RosterGateway*> All() const {
    std::vector<const policy::RosterGateway*> all;
    for (const policy::RosterGateway& gateway : gateways) all.push_back(&gateway);
    return all;
  }
  std::vector<policy::RosterGateway> gateways;
};

std::vector<std::string> RunRelay(FakeTransport& transport, const Peers& peers,
                                  std::chrono::milliseconds timeout) {
  std::vector<std::string> heard;
  Relay relay(transport, peers.All(), QueryRequest(), timeout);
  EXPECT_TRUE(relay.Run([&](const QueryReply& reply) {
    heard.push_back(Text(reply));
    return true;
  }));
  return heard;
}

FakeTransport::Play Says(PeerScript script) {
  return [script = std::move(script)](const QueryRequest&) { return script; };
}

TEST(RelayTest, HandsOnEveryReplyOfEveryPeer) {
  FakeTransport transport;
  transport.Set("a", Says({{Part("a", "1"), Part("a", "2")}, PeerEnd::kDone}));
  transport.Set("b", Says({{Part("b", "1")}, PeerEnd::kDone}));
  EXPECT_THAT(RunRelay(transport, Peers({"a", "b"}), kLong),
              UnorderedElementsAre("a:1", "a:2", "b:1"));
}

TEST(RelayTest, SaysWhoIsMissingCutOffAndLate) {
  FakeTransport transport;
  transport.Set("cut", Says({{Part("cut", "1")}, PeerEnd::kCutOff}));
  transport.Set("slow", Says({{Part("slow", "1")}, std::nullopt}));
  transport.Set("late", Says({{}, PeerEnd::kLate}));
  EXPECT_THAT(RunRelay(transport, Peers({"cut", "slow", "late", "down"}), kShort),
              UnorderedElementsAre("cut:1", "cut:missing CUT_OFF", "slow:1", "slow:late DEADLINE",
                                   "late:late DEADLINE", "down:missing UNREACHABLE"));
}

TEST(RelayTest, EndsAtOnceWhenNobodyIsAsked) {
  FakeTransport transport;
  EXPECT_THAT(RunRelay(transport, Peers({}), kLong), IsEmpty());
}

TEST(RelayTest, AListenerThatLeftEndsEveryCall) {
  FakeTransport transport;
  transport.Set("a", Says({{Part("a", "1"), Part("a", "2")}, PeerEnd::kDone}));
  transport.Set("b", Says({{}, std::nullopt}));
  const Peers peers({"a", "b"});
  int heard = 0;
  Relay relay(transport, peers.All(), QueryRequest(), kLong);
  EXPECT_FALSE(relay.Run([&](const QueryReply&) { return ++heard < 1; }));
  EXPECT_EQ(heard, 1);
}

TEST(RelayTest, AListenerThatLeftIsNoticedWhilePeersAreSilent) {
  FakeTransport transport;
  transport.Set("a", Says({{}, std::nullopt}));
  const Peers peers({"a"});
  Relay relay(transport, peers.All(), QueryRequest(), std::chrono::hours(1));
  EXPECT_FALSE(relay.Run([](const QueryReply&) { return true; }, [] { return true; }));
}

TEST(RelayTest, ManyPeersTellAtOnceWithoutLosingAnything) {
  constexpr int kPeers = 64;
  constexpr int kReplies = 50;
  FakeTransport transport;
  std::vector<std::string> ids;
  for (int i = 0; i < kPeers; ++i) {
    ids.push_back("gw-" + std::to_string(i));
    PeerScript script{{}, PeerEnd::kDone};
    for (int reply = 0; reply < kReplies; ++reply) {
      script.replies.push_back(Part(ids.back(), std::to_string(reply)));
    }
    transport.Set(ids.back(), Says(std::move(script)));
  }
  std::map<std::string, int> next;
  const Peers peers(ids);
  Relay relay(transport, peers.All(), QueryRequest(), kLong);
  EXPECT_TRUE(relay.Run([&](const QueryReply& reply) {
    EXPECT_EQ(reply.sealed(), std::to_string(next[reply.gateway()]++)) << reply.gateway();
    return true;
  }));
  for (const std::string& id : ids) EXPECT_EQ(next[id], kReplies) << id;
}

}  // namespace
}  // namespace gateway::federation
