// A real server over real TLS, whose roster changes while it runs.
#include "gateway/federation/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/base/check.h"
#include "gateway/base/mutex.h"
#include "gateway/federation/directory.h"
#include "gateway/federation/tls.h"
#include "tests/unit/federation/identity.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::federation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Time kNow{Millis{1'767'225'600'000}};  // 2026-01-01

std::string RosterListing(const std::string& parties,
                          const std::string& expires = "2100-01-01T00:00:00Z") {
  const auto key = [](char seed) {
    return crypto::FormatPublicKey(policy::SignerOf(seed).public_key());
  };
  return "schema: commons-roster/1\ncommons: riverside\nversion: 4\nprev: \"" +
         std::string(64, 'a') + "\"\nissued: 2012-01-01T00:00:00Z\nexpires: " + expires +
         "\ngateways:\n  - {id: gw-mill-lane, zone: mill-lane, address: \"127.0.0.1:1\", tls: [\"" +
         crypto::FormatPin(Identity('s').pin) + "\"], sign: \"" + key('s') + "\", log: \"" +
         key('t') + "\"}\n  - {id: gw-harbour, zone: harbour, address: \"127.0.0.1:2\", tls: [\"" +
         crypto::FormatPin(Identity('h').pin) + "\"], sign: \"" + key('h') + "\", log: \"" +
         key('i') + "\"}\nparties: [" + parties + "]\n";
}

std::string Lists(const std::string& id, char seed) {
  return "{id: " + id + ", kind: municipality, tls: [\"" + crypto::FormatPin(Identity(seed).pin) +
         "\"], request: [\"" + crypto::FormatPublicKey(policy::SignerOf(seed).public_key()) +
         "\"]}";
}

class ServedCells final : public port::CellSource {
 public:
  void Serve(const std::string& roster) {
    const MutexLock lock(mutex_);
    documents_ = std::make_shared<port::ActiveDocuments>(port::ActiveDocuments{
        .charter = policy::CharterText(), .policy = policy::PolicyText(), .roster = roster});
  }
  Status VisitCells(const port::CellFilter&,
                    const std::function<bool(const port::DecidedCell&)>&) const override {
    return OkStatus();
  }
  std::shared_ptr<const port::ActiveDocuments> documents() const override {
    const MutexLock lock(mutex_);
    return documents_;
  }
  port::Moment moment() const override { return {.now = kNow, .sound = true}; }
  bool replay() const override { return false; }
  std::string checkpoint() const override { return "a checkpoint"; }
  StatusOr<port::LoggedEntry> Logged(uint64_t leaf) const override { return NotFound("%d", leaf); }
  std::vector<port::RetractionRef> RetractionsOf(uint64_t) const override { return {}; }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const port::ActiveDocuments> documents_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : tls_(Identity('s')), signer_(policy::SignerOf('s')), clock_(kNow) {
    cells_.Serve(RosterListing(Lists("city-hall", 'c')));
    auto server = FederationServer::Start({.listen = "127.0.0.1:0",
                                           .gateway = GatewayId("gw-mill-lane"),
                                           .software = "7.8",
                                           .tls = &tls_,
                                           .signer = &signer_,
                                           .cells = &cells_,
                                           .clock = &clock_});
    GW_CHECK(server.ok());
    server_ = *std::move(server);
  }

  std::unique_ptr<commons::v1::Federation::Stub> Connect(char seed) const {
    return commons::v1::Federation::NewStub(PinnedChannel(
        "127.0.0.1:" + std::to_string(server_->port()), Identity(seed), {tls_.pin}));
  }
  static std::unique_ptr<grpc::ClientContext> Soon() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return context;
  }
  static grpc::Status Describe(commons::v1::Federation::Stub& stub) {
    commons::v1::DescribeReply reply;
    return stub.Describe(Soon().get(), {}, &reply);
  }

  const crypto::TlsIdentity tls_;
  const crypto::Signer signer_;
  ReplayClock clock_;
  ServedCells cells_;
  std::unique_ptr<FederationServer> server_;
};

TEST_F(ServerTest, DescribesItselfToWhomTheRosterLists) {
  commons::v1::DescribeReply reply;
  ASSERT_TRUE(Connect('c')->Describe(Soon().get(), {}, &reply).ok());
  EXPECT_EQ(reply.commons(), "riverside");
  EXPECT_EQ(reply.gateway(), "gw-mill-lane");
  EXPECT_EQ(reply.zone(), "mill-lane");
  EXPECT_EQ(reply.software(), "7.8");
  EXPECT_EQ(reply.roster_version(), 4u);
  EXPECT_EQ(reply.checkpoint(), "a checkpoint");
  EXPECT_THAT(reply.peers(), ElementsAre("gw-harbour"));
}

TEST_F(ServerTest, OffersOnlyWhatIsForTheCaller) {
  cells_.Serve(RosterListing(Lists("city-hall", 'c') + ", " + Lists("lab", 'l')));
  const auto rules_for = [&](char seed) {
    commons::v1::CatalogReply reply;
    EXPECT_TRUE(Connect(seed)->Catalog(Soon().get(), {}, &reply).ok());
    std::vector<std::string> rules;
    for (const auto& product : reply.products()) rules.push_back(product.rule());
    return rules;
  };
  EXPECT_THAT(rules_for('c'),
              ElementsAre("load-hourly", "load-daily", "pm25-hourly", "pm25-daily"));
  EXPECT_THAT(rules_for('l'), ElementsAre());
  EXPECT_THAT(rules_for('h'), ElementsAre());  // a peer: no rule is for peers
}

TEST_F(ServerTest, AnOldConnectionGetsNothingOnceTheRosterChanged) {
  const auto city = Connect('c');
  ASSERT_TRUE(Describe(*city).ok());
  cells_.Serve(RosterListing(Lists("lab", 'l')));
  ::testing::internal::CaptureStderr();
  const grpc::Status refused = Describe(*city);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(refused.error_message(), "");
  commons::v1::CatalogReply catalog;
  EXPECT_EQ(city->Catalog(Soon().get(), {}, &catalog).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const auto context = Soon();
  const auto reader = city->Query(context.get(), {});
  commons::v1::QueryReply reply;
  EXPECT_FALSE(reader->Read(&reply));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("call refused: the roster in force does not know the key " +
                        crypto::FormatPin(Identity('c').pin)));
  EXPECT_TRUE(Describe(*Connect('l')).ok());
}

TEST_F(ServerTest, AnExpiredRosterKnowsNobody) {
  const auto city = Connect('c');
  cells_.Serve(RosterListing(Lists("city-hall", 'c'), "2026-01-01T00:00:01Z"));
  EXPECT_TRUE(Describe(*city).ok());
  clock_.Set(kNow + std::chrono::days(7) + std::chrono::milliseconds(999));  // the charter's grace
  EXPECT_TRUE(Describe(*city).ok());
  clock_.Set(kNow + std::chrono::days(7) + std::chrono::seconds(1));
  EXPECT_EQ(Describe(*city).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Describe(*Connect('c')).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, DocumentsThatDoNotParseServeNobody) {
  const auto city = Connect('c');
  ASSERT_TRUE(Describe(*city).ok());
  cells_.Serve("not a roster");
  EXPECT_EQ(Describe(*city).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  cells_.Serve(RosterListing(Lists("city-hall", 'c')));
  EXPECT_TRUE(Describe(*city).ok());
}

TEST_F(ServerTest, StopEndsCallsAndASecondStopIsNothing) {
  ASSERT_TRUE(Describe(*Connect('c')).ok());
  server_->Stop();
  server_->Stop();
  EXPECT_EQ(Describe(*Connect('c')).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace gateway::federation
