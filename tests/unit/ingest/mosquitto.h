// A real broker for the tests of PahoSource, and a publisher that shares nothing with Paho: its
// process-wide lock is what some of these tests are about.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::ingest {

// mosquitto on a free loopback port, without persistence, in a folder of its own.
class Mosquitto {
 public:
  static bool Installed();
  static uint16_t FreePort();

  static constexpr char kOpen[] = "allow_anonymous true\nmax_queued_messages 200000\n";

  // `settings`: lines of its configuration beside port, log and limits that all tests share.
  explicit Mosquitto(const std::string& settings = kOpen);
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  // Returns when the broker accepts connections; aborts the test program if it does not.
  void Start();
  // SIGTERM, and waits for the end.
  void Stop();
  void Kill();  // SIGKILL
  // Takes effect at the next Start.
  void Configure(const std::string& settings);
  std::string uri() const;
  uint16_t port() const { return port_; }
  const std::string& dir() const { return dir_; }

 private:
  std::string dir_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// One MQTT 3.1.1 connection with QoS 1; each call returns when the broker has answered.
class Publisher {
 public:
  explicit Publisher(uint16_t port, std::string_view user = "", std::string_view password = "");
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  void Publish(std::string_view topic, std::string_view payload, bool retain = false);
  // As fast as the broker takes them; the same payload for each of the topics.
  void PublishAll(const std::vector<std::string>& topics, std::string_view payload);

 private:
  std::string Message(std::string_view topic, std::string_view payload, bool retain);
  void Send(const std::string& packet);
  void Expect(uint8_t type, std::size_t rest_bytes);
  int fd_ = -1;
  uint16_t packet_id_ = 0;
};

}  // namespace gateway::ingest
