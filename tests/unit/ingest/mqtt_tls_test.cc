// TLS towards the broker: whom the gateway trusts, what it says when it does not, and that a new
// certificate needs no restart of the gateway.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "gateway/base/file.h"
#include "gateway/crypto/server_certificate.h"
#include "gateway/model/limits.h"
#include "mqtt_fixture.h"

namespace gateway::ingest {
namespace {

class MqttTlsTest : public MqttTest {
 protected:
  void SetUp() override {
    MqttTest::SetUp();
    if (broker_ == nullptr) return;
    broker_->Stop();
    ca_file_ = broker_->dir() + "/trusted.crt";
  }

  void Shell(const std::string& command) {
    const std::string quiet = "cd " + broker_->dir() + " && " + command + " 2>> openssl.log";
    GW_CHECK(std::system(quiet.c_str()) == 0);
  }
  // A new CA, and a certificate of the broker for `name` that it signed.
  void MakeCertificates(int days, const std::string& name = "IP:127.0.0.1") {
    const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
    Shell("openssl req -x509 " + key + "-days 30 -subj /CN=ca -keyout ca.key -out ca.crt");
    Shell("openssl req " + key + "-subj /CN=broker -addext subjectAltName=" + name +
          " -keyout server.key -out server.csr");
    Shell("openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days " +
          std::to_string(days) + " -copy_extensions copy -out server.crt");
  }
  void Trust() { Shell("cp ca.crt next.crt && mv next.crt trusted.crt"); }
  void StartTls() {
    broker_->Configure("allow_anonymous true\ncertfile " + broker_->dir() +
                       "/server.crt\nkeyfile " + broker_->dir() +
                       "/server.key\npersistence true\npersistence_location " + broker_->dir() +
                       "/\nlistener " + std::to_string(plain_port_) + " 127.0.0.1\n");
    broker_->Start();
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(broker_->port()); }
  PahoSourceOptions Options() {
    return {.broker = "ssl://" + Address(),
            .ca_file = ca_file_,
            .clock_set = [this] { return clock_set_.load(); },
            .look_at_certificate = [this]() -> StatusOr<BrokerCertificate> {
              ASSIGN_OR_RETURN(const std::string trusted, ReadFile(ca_file_, 1u << 20));
              ASSIGN_OR_RETURN(const crypto::ServerCertificate seen,
                               crypto::LookAtServer(Address(), trusted, limits::kBrokerLookMax));
              return BrokerCertificate{.not_after = seen.not_after, .problem = seen.problem};
            }};
  }
  std::string ca_file_;
  const uint16_t plain_port_ = Mosquitto::FreePort();  // for the publishers of the tests
  std::atomic<bool> clock_set_{true};
};

TEST_F(MqttTlsTest, ConnectsToABrokerThatItsAnchorVouchesFor) {
  MakeCertificates(/*days=*/365);
  Trust();
  StartTls();
  Running source(Options(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_TRUE(source->broker().warnings.empty());
  Publisher(plain_port_).Publish(kTopic, "1");
  EXPECT_EQ(inbox_.WaitPayloads(1), Payloads{"1"});
}

TEST_F(MqttTlsTest, ACertificateThatEndsSoonIsWarnedAbout) {
  MakeCertificates(/*days=*/10);
  Trust();
  StartTls();
  Running source(Options(), IntoInbox());
  ASSERT_TRUE(source.WaitUntilConnected());
  EXPECT_TRUE(source.WaitUntilWarned("in 9 days"));
}

TEST_F(MqttTlsTest, AnExpiredCertificateIsRefusedAndNamed) {
  MakeCertificates(/*days=*/-1);
  Trust();
  StartTls();
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("certificate has expired"));
  EXPECT_FALSE(source->connected());
}

TEST_F(MqttTlsTest, ABrokerOfAnotherNameIsRefusedAndNamed) {
  MakeCertificates(/*days=*/365, "DNS:elsewhere.example");
  Trust();
  StartTls();
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("IP address mismatch"));
  EXPECT_FALSE(source->connected());
}

TEST_F(MqttTlsTest, AClockThatIsNotSetIsNamedInsteadOfTheCertificate) {
  MakeCertificates(/*days=*/-1);
  Trust();
  StartTls();
  clock_set_ = false;
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("clock not set"));
}

TEST_F(MqttTlsTest, ARotatedCertificateAndItsAnchorAreTakenUpWithoutARestartOrALostMessage) {
  MakeCertificates(/*days=*/365);
  Trust();
  StartTls();
  std::atomic<bool> hold{true};
  std::atomic<int> held{0};
  Running source(Options(), [&](const port::Delivery& delivery) {
    if (delivery.payload == "held" && hold.load()) {
      ++held;
      return Unavailable("held by the test");
    }
    return inbox_.Put(delivery);
  });
  ASSERT_TRUE(source.WaitUntilConnected());
  Publisher(plain_port_).Publish(kTopic, "held");
  ASSERT_TRUE(Eventually([&] { return held.load() > 0; }));
  broker_->Stop();  // before it has the acknowledgement
  hold.store(false);
  MakeCertificates(/*days=*/365);  // of a new CA
  StartTls();
  Publisher(plain_port_).Publish(kTopic, "waited");
  ASSERT_TRUE(source.WaitUntilWarned("is not trusted"));
  EXPECT_FALSE(source->connected());
  Trust();
  ASSERT_TRUE(source.WaitUntilConnected());
  const std::vector<Message> messages = inbox_.Wait(3);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(inbox_.WaitPayloads(3), (Payloads{"held", "held", "waited"}));
  EXPECT_TRUE(messages[1].redelivered);
  EXPECT_FALSE(source.Warns("is not trusted"));
  EXPECT_EQ(source->broker().sessions_lost, 0u);
}

TEST_F(MqttTlsTest, AnAnchorFileThatIsMissingIsNamed) {
  MakeCertificates(/*days=*/365);
  StartTls();
  Running source(Options(), IntoInbox());
  EXPECT_TRUE(source.WaitUntilWarned("/trusted.crt"));
}

TEST_F(MqttTlsTest, LookingRefusesAnAnchorThatIsNoneAndAServerThatSpeaksNoTls) {
  MakeCertificates(/*days=*/365);
  const auto trusted = ReadFile(broker_->dir() + "/ca.crt", 1u << 20);
  ASSERT_TRUE(trusted.ok());
  StartBroker();  // without TLS
  const auto look = [&](const std::string& address, const std::string& pem) {
    return crypto::LookAtServer(address, pem, limits::kBrokerLookMax).status().code();
  };
  EXPECT_EQ(look(Address(), "-----BEGIN CERTIFICATE-----\n"), StatusCode::kInvalidArgument);
  EXPECT_EQ(look("no-port", *trusted), StatusCode::kInvalidArgument);
  EXPECT_EQ(look(Address(), *trusted), StatusCode::kUnavailable);
  broker_->Stop();
  EXPECT_EQ(look(Address(), *trusted), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace gateway::ingest
