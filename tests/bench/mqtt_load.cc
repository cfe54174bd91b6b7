#include "tests/bench/mqtt_load.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"

namespace gateway::bench {
namespace {

constexpr std::size_t kInFlight = 200;

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    GW_CHECK(written > 0);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void ReadExactly(int fd, std::size_t size) {
  char buffer[4096];
  while (size > 0) {
    const ssize_t got = ::read(fd, buffer, std::min(size, sizeof(buffer)));
    GW_CHECK(got > 0);
    size -= static_cast<std::size_t>(got);
  }
}

std::string Packet(uint8_t head, const std::string& body) {
  return ByteWriter().U8(head).Varint(body.size()).Raw(body).Take();
}

std::string Field(std::string_view text) {
  return ByteWriter().U16(static_cast<uint16_t>(text.size())).Raw(text).Take();
}

}  // namespace

void PublishAll(uint16_t port, const std::string& client, const std::vector<Message>& messages) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  GW_CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  // MQTT 3.1.1 CONNECT, clean session, keepalive off.
  WriteAll(fd, Packet(0x10, Field("MQTT") + std::string("\x04\x02\x00\x00", 4) + Field(client)));
  ReadExactly(fd, 4);
  for (std::size_t at = 0; at < messages.size(); at += kInFlight) {
    const std::size_t count = std::min(kInFlight, messages.size() - at);
    std::string packets;
    for (std::size_t i = 0; i < count; ++i) {
      const Message& message = messages[at + i];
      const std::string id = ByteWriter().U16(static_cast<uint16_t>(i + 1)).Take();
      packets += Packet(0x32, Field(message.topic) + id + message.payload);
    }
    WriteAll(fd, packets);
    ReadExactly(fd, 4 * count);  // a PUBACK has four bytes
  }
  WriteAll(fd, std::string("\xe0\x00", 2));
  ::close(fd);
}

}  // namespace gateway::bench
