#include "gateway/federation/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/base/check.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/hash.h"
#include "gateway/federation/tls.h"
#include "gateway/policy/query.h"
#include "tests/support/test_gateway.h"
#include "tests/unit/crypto/crypto_test.h"
#include "tests/unit/federation/identity.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::federation {
namespace {

using commons::v1::Federation;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A port that takes connections and says nothing.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    GW_CHECK(bind(socket_, any, size) == 0 && listen(socket_, 8) == 0);
    GW_CHECK(getsockname(socket_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { close(socket_); }
  int port() const { return port_; }

 private:
  const int socket_;
  int port_ = 0;
};

class NoCells final : public port::CellSource {
 public:
  explicit NoCells(const std::string& roster)
      : documents_(std::make_shared<const port::ActiveDocuments>(port::ActiveDocuments{
            policy::CharterText(), policy::PolicyText(), roster})) {}
  Status VisitCells(const port::CellFilter&,
                    const std::function<bool(const port::DecidedCell&)>&) const override {
    return OkStatus();
  }
  std::shared_ptr<const port::ActiveDocuments> documents() const override { return documents_; }
  port::Moment moment() const override { return {.now = kNow, .sound = true}; }
  bool replay() const override { return false; }
  std::string checkpoint() const override { return {}; }
  StatusOr<port::LoggedEntry> Logged(uint64_t) const override { return NotFound("no log"); }
  std::vector<port::RetractionRef> RetractionsOf(uint64_t) const override { return {}; }

  static constexpr Time kNow{Millis{1'767'225'600'000}};  // 2026-01-01

 private:
  const std::shared_ptr<const port::ActiveDocuments> documents_;
};

// Gateway gw-a, whose only peer gw-b never says a word, and the city.
class SilentPeerTest : public crypto::CryptoTest {
 protected:
  SilentPeerTest() {
    auto server = FederationServer::Start({.listen = "127.0.0.1:0",
                                           .gateway = GatewayId("gw-a"),
                                           .software = "test",
                                           .tls = &gateway_tls_,
                                           .signer = &gateway_.signer(),
                                           .cells = &cells_,
                                           .clock = &clock_});
    GW_CHECK(server.ok());
    server_ = *std::move(server);
    stub_ = Federation::NewStub(PinnedChannel("127.0.0.1:" + std::to_string(server_->port()),
                                              city_tls_, {gateway_tls_.pin}));
  }

  std::string Roster() const {
    const auto gateway = [](const std::string& id, const std::string& address,
                            const std::string& pin) {
      const proof::GatewayKeys keys = testing::TestGateway(id).keys();
      return "  - {id: " + id + ", zone: mill-lane, address: \"" + address + "\", tls: [\"" +
             crypto::FormatPin(pin) + "\"], sign: \"" + crypto::FormatPublicKey(keys.sign) +
             "\", log: \"" + crypto::FormatPublicKey(keys.log) + "\"}\n";
    };
    return "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
           "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways:\n" +
           gateway("gw-a", "127.0.0.1:1", gateway_tls_.pin) +
           gateway("gw-b", "127.0.0.1:" + std::to_string(silent_.port()), Identity('b').pin) +
           "parties:\n  - {id: city-hall, kind: municipality, tls: [\"" +
           crypto::FormatPin(city_tls_.pin) + "\"], request: [\"" +
           crypto::FormatPublicKey(policy::SignerOf('c').public_key()) + "\"]}\n";
  }

  commons::v1::QueryRequest Question(uint32_t hops) const {
    const auto opener = crypto::BoxKey::Generate();
    policy::Query query{.commons = "riverside",
                        .question = {.purpose = "official-stats"},
                        .nonce = std::string(16, 'n'),
                        .issued = NoCells::kNow,
                        .expires = NoCells::kNow + std::chrono::minutes(5),
                        .answer_pk = opener->public_key()};
    commons::v1::QueryRequest request;
    const auto payload = policy::BuildQuery(query);
    GW_CHECK(payload.ok());
    request.set_envelope(policy::SignQuery(*payload, policy::SignerOf('c')));
    request.set_hops(hops);
    return request;
  }

  const crypto::TlsIdentity gateway_tls_ = Identity('g'), city_tls_ = Identity('c');
  const SilentPort silent_;
  const testing::TestGateway gateway_{"gw-a"};
  const NoCells cells_{Roster()};
  const ReplayClock clock_{NoCells::kNow};
  std::unique_ptr<FederationServer> server_;
  std::unique_ptr<Federation::Stub> stub_;
};

TEST_F(SilentPeerTest, AQuestionIsAnsweredOverTls) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(20));
  const auto reader = stub_->Query(&context, Question(0));
  commons::v1::QueryReply reply;
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.gateway(), "gw-a");
  EXPECT_FALSE(reply.sealed().empty());
  EXPECT_FALSE(reader->Read(&reply));
  EXPECT_TRUE(reader->Finish().ok());
}

// Otherwise whoever stops reading keeps a thread and one of the places for questions for ever.
TEST_F(SilentPeerTest, AQuestionWithoutADeadlineOrWithAFarOneIsRefused) {
  for (const auto deadline : {std::chrono::system_clock::time_point::max(),
                              std::chrono::system_clock::now() + std::chrono::hours(1)}) {
    grpc::ClientContext query, describe;
    for (auto* context : {&query, &describe}) context->set_deadline(deadline);
    const auto reader = stub_->Query(&query, Question(0));
    commons::v1::QueryReply reply;
    EXPECT_FALSE(reader->Read(&reply));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    // One short reply keeps nobody.
    commons::v1::DescribeReply description;
    EXPECT_TRUE(stub_->Describe(&describe, {}, &description).ok());
  }
}

TEST_F(SilentPeerTest, StoppingDoesNotWaitForPeersThatSayNothing) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(100));
  const auto reader = stub_->Query(&context, Question(1));
  commons::v1::QueryReply reply;
  ASSERT_TRUE(reader->Read(&reply));  // its own answer; now it waits for gw-b
  const auto start = steady_clock::now();
  server_->Stop();
  EXPECT_LT(steady_clock::now() - start, seconds(20));
  while (reader->Read(&reply)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

}  // namespace
}  // namespace gateway::federation
