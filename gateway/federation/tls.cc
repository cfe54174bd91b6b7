#include "gateway/federation/tls.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/base/mutex.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

namespace tls = grpc::experimental;

// The property in which gRPC keeps the peer's certificate (grpc/grpc_security_constants.h).
constexpr char kCertificateProperty[] = "x509_pem_cert";

constexpr int kReconnectBackoffMaxMs = 5'000;

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

// Strangers may knock as often as they like; the log is not theirs to fill.
class KnockLog {
 public:
  // Whether this refusal may be logged; `skipped` is how many before it were not.
  bool Take(std::size_t& skipped) {
    const MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - since_ >= kInterval) {
      since_ = now;
      logged_ = 0;
    }
    if (++logged_ > kLinesMax) {
      ++skipped_;
      return false;
    }
    skipped = std::exchange(skipped_, 0);
    return true;
  }

 private:
  static constexpr std::chrono::minutes kInterval{1};
  static constexpr std::size_t kLinesMax = 20;  // in an interval

  Mutex mutex_;
  std::chrono::steady_clock::time_point since_ ABSL_GUARDED_BY(mutex_){};
  std::size_t logged_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t skipped_ ABSL_GUARDED_BY(mutex_) = 0;
};

class PinVerifier final : public tls::ExternalCertificateVerifier {
 public:
  // `who` is what the other end claims to be, with the code of its refusal.
  PinVerifier(std::string who, PinCheck known) : who_(std::move(who)), known_(std::move(known)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)> /*callback*/,
              grpc::Status* sync_status) override {
    const StatusOr<std::string> pin = crypto::PinOfCertificate(View(request->peer_cert()));
    if (pin.ok() && known_(*pin)) return true;
    std::size_t skipped = 0;
    if (knocks_.Take(skipped)) {
      if (skipped > 0) Log(LogLevel::kWarning, "TLS: refused %d more, not listed here", skipped);
      const std::string why =
          pin.ok() ? "its key " + crypto::FormatPin(*pin) + " is not in the roster"
                   : std::string(Message(pin.status()));
      Log(LogLevel::kWarning, "TLS: refused %s: %s", who_, why);
    }
    *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "not pinned");
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  const std::string who_;
  const PinCheck known_;
  KnockLog knocks_;
};

std::shared_ptr<tls::StaticDataCertificateProvider> Provide(const crypto::TlsIdentity& own) {
  return std::make_shared<tls::StaticDataCertificateProvider>(
      std::vector<tls::IdentityKeyCertPair>{{own.private_key_pem, own.certificate_pem}});
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> ServerTls(const crypto::TlsIdentity& own,
                                                   PinCheck known) {
  tls::TlsServerCredentialsOptions options(Provide(own));
  options.watch_identity_key_cert_pairs();
  // "Don't verify" leaves out the chain of authorities only: the handshake still proves that the
  // client holds the key, and the verifier below decides whether that key is known.
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<PinVerifier>("a caller (UNKNOWN_PARTY)",
                                                            std::move(known)));
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::Channel> PinnedChannel(const std::string& address,
                                             const crypto::TlsIdentity& own,
                                             std::vector<std::string> pins) {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Provide(own));
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(false);  // as above
  options.set_check_call_host(false);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<PinVerifier>(
      "a gateway (UNKNOWN_GATEWAY)", [pins = std::move(pins)](std::string_view pin) {
        return std::find(pins.begin(), pins.end(), pin) != pins.end();
      }));
  grpc::ChannelArguments arguments;
  // Only quiets gRPC's server side, which looks for the name asked for in its certificate.
  arguments.SetSslTargetNameOverride(std::string(crypto::kCertificateName));
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kFederationMessageBytesMax));
  // Each channel with connections, and waiting times after failures, of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // gRPC waits up to two minutes between attempts: a peer that is back would be called unreachable.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectBackoffMaxMs);
  // The address is the roster's; a proxy named in the environment would see who asks whom.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, tls::TlsCredentials(options), arguments);
}

StatusOr<std::string> PinOfCaller(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr) return PermissionDenied("no authentication");
  const std::vector<grpc::string_ref> certificates =
      auth->FindPropertyValues(kCertificateProperty);
  if (certificates.size() != 1) return PermissionDenied("no certificate");
  return crypto::PinOfCertificate(View(certificates.front()));
}

}  // namespace gateway::federation
