// A real broker for the tests of PahoSource, and a publisher that shares nothing with Paho: its
// process-wide lock is what some of these tests are about.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::ingest {

// mosquitto on a free loopback port, without persistence, in a folder of its own.
class Mosquitto {
 public:
  static bool Installed();

  Mosquitto();
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  // Returns when the broker accepts connections; aborts the test program if it does not.
  void Start();
  // SIGTERM, and waits for the end.
  void Stop();
  std::string uri() const;
  uint16_t port() const { return port_; }

 private:
  std::string dir_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// One MQTT 3.1.1 connection with QoS 1; each call returns when the broker has answered.
class Publisher {
 public:
  explicit Publisher(uint16_t port);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  void Publish(std::string_view topic, std::string_view payload, bool retain = false);

 private:
  void Send(const std::string& packet);
  void Expect(uint8_t type, std::size_t rest_bytes);
  int fd_ = -1;
  uint16_t packet_id_ = 0;
};

}  // namespace gateway::ingest
