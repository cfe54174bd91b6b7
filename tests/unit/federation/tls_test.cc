#include "gateway/federation/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/base/check.h"
#include "tests/unit/federation/identity.h"

namespace gateway::federation {
namespace {

using testing::HasSubstr;

// Answers Describe with the caller's pin; who may connect can change while it runs.
class EchoServer final : public commons::v1::Federation::Service {
 public:
  explicit EchoServer(const crypto::TlsIdentity& own) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", ServerTls(own, [this](std::string_view pin) {
                               const std::lock_guard lock(mutex_);
                               return known_.contains(std::string(pin));
                             }),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    GW_CHECK(server_ != nullptr);
  }
  ~EchoServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Describe(grpc::ServerContext* context, const commons::v1::DescribeRequest*,
                        commons::v1::DescribeReply* reply) override {
    const StatusOr<std::string> pin = PinOfCaller(*context);
    reply->set_gateway(pin.ok() ? crypto::FormatPin(*pin) : std::string(Message(pin.status())));
    return grpc::Status::OK;
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Know(const std::string& pin) {
    const std::lock_guard lock(mutex_);
    known_.insert(pin);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> known_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// The caller's pin as the server saw it, or the code of the failure.
std::string Ask(const EchoServer& server, const crypto::TlsIdentity& own, const std::string& pin) {
  const auto stub =
      commons::v1::Federation::NewStub(PinnedChannel(server.address(), own, {pin}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  commons::v1::DescribeReply reply;
  const grpc::Status status = stub->Describe(&context, {}, &reply);
  return status.ok() ? reply.gateway() : "code " + std::to_string(status.error_code());
}

const std::string kUnavailable = "code " + std::to_string(grpc::StatusCode::UNAVAILABLE);

TEST(TlsTest, AKnownKeyIsLetInAndAStrangersIsRefusedForItsKey) {
  const crypto::TlsIdentity server_key = Identity('s');
  const crypto::TlsIdentity city = Identity('c');
  const crypto::TlsIdentity stranger = Identity('x');
  EchoServer server(server_key);
  server.Know(city.pin);

  testing::internal::CaptureStderr();
  const std::string before = Ask(server, city, server_key.pin);
  const std::string refused = Ask(server, stranger, server_key.pin);
  const std::string after = Ask(server, city, server_key.pin);
  const std::string log = testing::internal::GetCapturedStderr();

  EXPECT_EQ(before, crypto::FormatPin(city.pin));
  EXPECT_EQ(after, crypto::FormatPin(city.pin));
  EXPECT_EQ(refused, kUnavailable);
  EXPECT_THAT(log, HasSubstr("TLS: refused a caller (UNKNOWN_PARTY): its key " +
                             crypto::FormatPin(stranger.pin) + " is not in the roster"));
  EXPECT_THAT(log, testing::Not(HasSubstr(crypto::FormatPin(city.pin))));
}

TEST(TlsTest, AStrangerWhoKnocksAgainAndAgainDoesNotFillTheLog) {
  const crypto::TlsIdentity server_key = Identity('s');
  EchoServer server(server_key);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 30; ++i) Ask(server, Identity('x'), server_key.pin);
  const std::string log = testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = log.find("UNKNOWN_PARTY", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 20u);
}

TEST(TlsTest, AServerWithAnotherKeyIsRefusedForItsKey) {
  const crypto::TlsIdentity server_key = Identity('s');
  const crypto::TlsIdentity city = Identity('c');
  EchoServer server(server_key);
  server.Know(city.pin);
  testing::internal::CaptureStderr();
  EXPECT_EQ(Ask(server, city, Identity('t').pin), kUnavailable);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("TLS: refused a gateway (UNKNOWN_GATEWAY): its key " +
                        crypto::FormatPin(server_key.pin)));
  EXPECT_EQ(Ask(server, city, server_key.pin), crypto::FormatPin(city.pin));
}

TEST(TlsTest, ACallerWithoutACertificateIsRefused) {
  const crypto::TlsIdentity server_key = Identity('s');
  EchoServer server(server_key);
  const auto channel = grpc::CreateChannel(
      server.address(), grpc::SslCredentials({.pem_root_certs = server_key.certificate_pem,
                                              .pem_private_key = {},
                                              .pem_cert_chain = {}}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  commons::v1::DescribeReply reply;
  EXPECT_EQ(commons::v1::Federation::NewStub(channel)->Describe(&context, {}, &reply).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(TlsTest, AKeyThatBecomesKnownIsLetInWithoutARestart) {
  const crypto::TlsIdentity server_key = Identity('s');
  const crypto::TlsIdentity newcomer = Identity('n');
  EchoServer server(server_key);
  EXPECT_EQ(Ask(server, newcomer, server_key.pin), kUnavailable);
  server.Know(newcomer.pin);
  EXPECT_EQ(Ask(server, newcomer, server_key.pin), crypto::FormatPin(newcomer.pin));
}

}  // namespace
}  // namespace gateway::federation
