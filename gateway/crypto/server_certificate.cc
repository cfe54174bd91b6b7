#include "gateway/crypto/server_certificate.h"

#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "gateway/crypto/freed_by.h"

namespace gateway::crypto {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using Context = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;

struct Socket {
  explicit Socket(int given) : fd(given) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
};

bool WaitFor(int fd, short events, SteadyTime until) {
  const auto left =
      std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()).count();
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return left > 0 && poll(&one, 1, static_cast<int>(left)) == 1;
}

// A connected socket that does not block, or -1.
int ConnectTo(const std::string& host, const std::string& port, SteadyTime until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, FreedBy<freeaddrinfo>> addresses(found);
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) return fd;
    int error = 0;
    socklen_t size = sizeof error;
    if (errno == EINPROGRESS && WaitFor(fd, POLLOUT, until) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
      return fd;
    }
    close(fd);
  }
  return -1;
}

Status Trust(SSL_CTX* context, std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  int count = 0;
  while (bio != nullptr) {
    const Certificate one(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (one == nullptr) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get()) == 1) ++count;
  }
  if (count == 0) return InvalidArgument("no certificate in PEM to trust");
  return OkStatus();
}

bool Handshake(SSL* session, int fd, SteadyTime until) {
  for (;;) {
    const int done = SSL_connect(session);
    if (done == 1) return true;
    const int want = SSL_get_error(session, done);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) return false;
    if (!WaitFor(fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) return false;
  }
}

Time TimeOf(const ASN1_TIME* time) {
  int days = 0, seconds = 0;
  const std::unique_ptr<ASN1_TIME, FreedBy<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return Time{};
  return Time(std::chrono::days(days) + std::chrono::seconds(seconds));
}

}  // namespace

StatusOr<ServerCertificate> LookAtServer(const std::string& address, std::string_view trusted_pem,
                                         milliseconds most) {
  const SteadyTime until = std::chrono::steady_clock::now() + most;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return InvalidArgument("address %s: needs host:port", address);
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Internal("TLS cannot be set up");
  RETURN_IF_ERROR(Trust(context.get(), trusted_pem));
  const Socket socket(ConnectTo(host, address.substr(colon + 1), until));
  if (socket.fd < 0) return Unavailable("%s: does not answer", address);
  const Session session(SSL_new(context.get()));
  if (session == nullptr || SSL_set_fd(session.get(), socket.fd) != 1) {
    return Internal("TLS cannot be set up");
  }
  // It is verified all the same, but the handshake goes on, so that it can be looked at.
  SSL_set_verify(session.get(), SSL_VERIFY_NONE, nullptr);
  // An IP address as one, anything else as a name; a name is also what the server is asked for.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) != 1) {
    SSL_set1_host(session.get(), host.c_str());
    SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  }
  if (!Handshake(session.get(), socket.fd, until)) {
    return Unavailable("%s: no TLS handshake", address);
  }
  const Certificate shown(SSL_get1_peer_certificate(session.get()));
  if (shown == nullptr) return Unavailable("%s: shows no certificate", address);
  ServerCertificate seen{.not_after = TimeOf(X509_get0_notAfter(shown.get()))};
  const long result = SSL_get_verify_result(session.get());
  if (result != X509_V_OK) seen.problem = X509_verify_cert_error_string(result);
  return seen;
}

}  // namespace gateway::crypto
