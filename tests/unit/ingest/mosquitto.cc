#include "mosquitto.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gateway/base/check.h"

namespace gateway::ingest {
namespace {

constexpr char kProgram[] = "/usr/sbin/mosquitto";

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket, or -1 if nobody listens.
int ConnectTo(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

std::string Text(std::string_view text) {
  std::string out;
  out += static_cast<char>(text.size() >> 8);
  out += static_cast<char>(text.size() & 0xFF);
  return out.append(text);
}

std::string Packet(uint8_t first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  std::size_t rest = body.size();
  do {
    out += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80u : 0u));
    rest >>= 7;
  } while (rest > 0);
  return out + body;
}

}  // namespace

bool Mosquitto::Installed() { return access(kProgram, X_OK) == 0; }

uint16_t Mosquitto::FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  GW_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  GW_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

Mosquitto::Mosquitto(const std::string& settings) : port_(FreePort()) {
  dir_ = (std::filesystem::temp_directory_path() / "mosquitto-XXXXXX").string();
  GW_CHECK(mkdtemp(dir_.data()) != nullptr);
  Configure(settings);
}

void Mosquitto::Configure(const std::string& settings) {
  std::ofstream config(dir_ + "/mosquitto.conf");
  config << "listener " << port_ << " 127.0.0.1\n" << settings
         << "max_inflight_messages 1000\nset_tcp_nodelay true\nsys_interval 1\n"
         << "log_dest file " << dir_ << "/mosquitto.log\n";
  // Started as root it would otherwise become `mosquitto`, who may not write here.
  if (geteuid() == 0) config << "user root\n";
}

Mosquitto::~Mosquitto() {
  Stop();
  std::filesystem::remove_all(dir_);
}

void Mosquitto::Start() {
  GW_CHECK(pid_ == -1);
  const std::string config = dir_ + "/mosquitto.conf";
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // also when a test crashes
    execl(kProgram, kProgram, "-c", config.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  for (int tries = 0; tries < 500; ++tries) {
    if (const int fd = ConnectTo(port_); fd >= 0) {
      close(fd);
      return;
    }
    poll(nullptr, 0, 20);
  }
  GW_CHECK(false && "mosquitto does not listen");
}

void Mosquitto::Stop() {
  if (pid_ == -1) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Mosquitto::Kill() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string Mosquitto::uri() const { return "tcp://127.0.0.1:" + std::to_string(port_); }

Publisher::Publisher(uint16_t port, std::string_view user, std::string_view password)
    : fd_(ConnectTo(port)) {
  GW_CHECK(fd_ >= 0);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  std::string version_flags_keepalive("\x04\x02\x00\x00", 4);  // a clean session, no keepalive
  std::string login;
  if (!user.empty()) {
    version_flags_keepalive[1] = '\xC2';
    login = Text(user) + Text(password);
  }
  Send(Packet(0x10, Text("MQTT") + version_flags_keepalive +
                        Text("publisher-" + std::to_string(fd_)) + login));
  Expect(0x20, 2);
}

Publisher::~Publisher() { close(fd_); }

std::string Publisher::Message(std::string_view topic, std::string_view payload, bool retain) {
  ++packet_id_;
  std::string body = Text(topic);
  body += static_cast<char>(packet_id_ >> 8);
  body += static_cast<char>(packet_id_ & 0xFF);
  body.append(payload);
  return Packet(retain ? 0x33 : 0x32, body);
}

void Publisher::Publish(std::string_view topic, std::string_view payload, bool retain) {
  Send(Message(topic, payload, retain));
  Expect(0x40, 2);
}

void Publisher::PublishAll(const std::vector<std::string>& topics, std::string_view payload) {
  std::string all;
  for (const std::string& topic : topics) all += Message(topic, payload, false);
  Send(all);
  for (std::size_t i = 0; i < topics.size(); ++i) Expect(0x40, 2);
}

void Publisher::Send(const std::string& packet) {
  for (std::size_t sent = 0; sent < packet.size();) {
    const ssize_t n = send(fd_, packet.data() + sent, packet.size() - sent, MSG_NOSIGNAL);
    GW_CHECK(n > 0);
    sent += static_cast<std::size_t>(n);
  }
}

void Publisher::Expect(uint8_t type, std::size_t rest_bytes) {
  std::string answer(2 + rest_bytes, '\0');
  GW_CHECK(recv(fd_, answer.data(), answer.size(), MSG_WAITALL) ==
           static_cast<ssize_t>(answer.size()));
  GW_CHECK(static_cast<uint8_t>(answer[0]) == type);
}

}  // namespace gateway::ingest
