#include "gateway/federation/asker.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/federation/tls.h"
#include "gateway/model/limits.h"
#include "tests/support/test_gateway.h"
#include "tests/unit/crypto/crypto_test.h"
#include "tests/unit/federation/identity.h"

namespace gateway::federation {
namespace {

using commons::v1::QueryReply;
using gateway::testing::TestGateway;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kPatience{20'000};
const std::string kQuery(32, 'q');

enum class Then { kEnd, kFail, kHang };

// Says what it is told to, then ends, fails, or waits until the caller gives up.
class ScriptedGateway final : public commons::v1::Federation::Service {
 public:
  ScriptedGateway(const crypto::TlsIdentity& own, std::string known_pin) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(
        "127.0.0.1:0",
        ServerTls(own, [pin = std::move(known_pin)](std::string_view its) { return its == pin; }),
        &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    GW_CHECK(server_ != nullptr);
  }
  ~ScriptedGateway() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    server_->Shutdown();
  }

  grpc::Status Query(grpc::ServerContext*, const commons::v1::QueryRequest* request,
                     grpc::ServerWriter<QueryReply>* writer) override {
    asked = *request;
    for (const QueryReply& reply : script) writer->Write(reply);
    if (then == Then::kHang) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return over_; });
    }
    return then == Then::kFail ? grpc::Status(grpc::StatusCode::INTERNAL, "broke")
                               : grpc::Status::OK;
  }
  grpc::Status Catalog(grpc::ServerContext*, const commons::v1::CatalogRequest*,
                       commons::v1::CatalogReply* reply) override {
    reply->add_products()->set_rule("load-daily");
    return grpc::Status::OK;
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  std::vector<QueryReply> script;
  Then then = Then::kEnd;
  commons::v1::QueryRequest asked;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class AskerTest : public crypto::CryptoTest {
 protected:
  AskerTest() {
    a_.Release({a_.MakeCell(0)});
    asked_.query.commons = "riverside";
    asked_.query.hash = kQuery;
    asked_.gateways = {a_.keys(), b_.keys()};
    via_.id = GatewayId("gw-a");
    via_.address = server_.address();
    via_.tls = {gateway_tls_.pin};
  }

  QueryReply Sealed(const TestGateway& gateway, const proof::AnswerPart& part) const {
    const auto sealed = crypto::SealBox(opener_->public_key(), gateway.Sign(part));
    GW_CHECK(sealed.ok());
    QueryReply reply;
    reply.set_gateway(gateway.keys().gateway.value());
    reply.set_sealed(*sealed);
    return reply;
  }
  QueryReply Whole(const TestGateway& gateway) const {
    return Sealed(gateway, gateway.Part(kQuery));
  }
  // Kept alive with `server_`, so that a late reply finds it.
  AskOutcome AskIt(milliseconds timeout = kPatience) {
    return Ask(via_, party_tls_, "the question", asked_, *opener_, timeout);
  }
  std::string Said(const AskOutcome& outcome, std::size_t n) const {
    const CoverageRow& row = outcome.merged.coverage.at(n);
    return std::string(CoverageName(row.status)) + " " + row.code;
  }

  const StatusOr<crypto::BoxKey> opener_ = crypto::BoxKey::Generate();
  const crypto::TlsIdentity gateway_tls_ = Identity('g'), party_tls_ = Identity('p');
  ScriptedGateway server_{gateway_tls_, party_tls_.pin};
  TestGateway a_{"gw-a"}, b_{"gw-b"};
  policy::RosterGateway via_;
  Asked asked_;
};

TEST_F(AskerTest, PassesTheQuestionOnAndMergesWhatComesBack) {
  server_.script = {Sealed(a_, a_.Part(kQuery, {a_.Sheet(0)})), Whole(b_)};
  server_.then = Then::kHang;  // nobody has to wait for the end once all have answered
  const AskOutcome outcome = AskIt();
  EXPECT_TRUE(outcome.link.ok()) << outcome.link;
  EXPECT_EQ(Said(outcome, 0), "answered OK");
  EXPECT_EQ(Said(outcome, 1), "answered NO_CELLS");
  EXPECT_EQ(outcome.merged.cells.size(), 1u);
  EXPECT_EQ(server_.asked.envelope(), "the question");
  EXPECT_EQ(server_.asked.hops(), limits::kHopsMax);
}

TEST_F(AskerTest, WhatItSaidBeforeItBrokeCounts) {
  server_.script = {Whole(b_), Sealed(a_, a_.Part(kQuery, {}, 0, false))};
  server_.then = Then::kFail;
  const AskOutcome outcome = AskIt();
  EXPECT_EQ(outcome.link.code(), StatusCode::kUnavailable);
  EXPECT_EQ(Said(outcome, 0), "missing CUT_OFF");
  EXPECT_EQ(Said(outcome, 1), "answered NO_CELLS");
}

TEST_F(AskerTest, WhoHasNotAnsweredWhenTimeIsOverIsLate) {
  server_.script = {Whole(a_)};
  server_.then = Then::kHang;
  const AskOutcome outcome = AskIt(milliseconds(500));
  EXPECT_EQ(outcome.link.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Said(outcome, 1), "late DEADLINE");
}

TEST_F(AskerTest, AGatewayThatEndsWithoutAWordForOthersLeavesThemMissing) {
  server_.script = {Whole(a_)};
  const AskOutcome outcome = AskIt();
  EXPECT_TRUE(outcome.link.ok()) << outcome.link;
  EXPECT_EQ(Said(outcome, 1), "missing NO_ANSWER");
}

TEST_F(AskerTest, AGatewayWithAnotherKeyThanTheRostersIsNotAsked) {
  server_.script = {Whole(a_)};
  via_.tls = {Identity('x').pin};
  const AskOutcome outcome = AskIt();
  EXPECT_EQ(outcome.link.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(outcome.link)), HasSubstr("gateway gw-a at 127.0.0.1:"));
  EXPECT_EQ(Said(outcome, 0), "missing UNREACHABLE");
  EXPECT_EQ(Said(outcome, 1), "missing NO_ANSWER");
  EXPECT_EQ(server_.asked.envelope(), "");
}

TEST_F(AskerTest, TheCatalogSaysWhatMayBeAsked) {
  const auto catalog = FetchCatalog(via_, party_tls_, kPatience);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->products(0).rule(), "load-daily");
  EXPECT_EQ(FetchCatalog(via_, Identity('x'), kPatience).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace gateway::federation
