// One MQTT 5 client of the Paho library, and what its callbacks say as events that one thread
// takes. Paho runs callbacks on threads of its own, under a lock of the whole process: so a
// callback writes an event down and does nothing else, and nobody calls Paho while holding the
// lock of the events. Each attempt to connect has a client of its own: no late answer, no command
// that was queued for an earlier connection, and no old trust anchor comes into the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/base/status.h"

namespace mqtt {
class async_client;
class message;
}  // namespace mqtt

namespace gateway::ingest {

struct LinkEvent {
  enum class Kind : uint8_t {
    kConnected,      // session_present
    kFailed,         // to connect: reason of CONNACK or 0, text
    kLost,
    kAnswered,       // a subscription or its end: id, reason
    kMarkerRefused,  // the broker did not take what was published
  };
  Kind kind = Kind::kLost;
  bool session_present = false;
  uint32_t id = 0;
  int reason = 0;
  std::string text;
};

struct Login {
  std::string user;  // empty: none
  std::string password;
};

// Connect, Subscribe, Unsubscribe, Publish, Disconnect, Take and destruction belong to one thread.
class PahoLink {
 public:
  // On Paho's receive thread, under its lock. Returning acknowledges the message.
  using Receive = std::function<void(const mqtt::message&)>;

  // Returns InvalidArgument if Paho refuses the address or the id.
  static StatusOr<std::unique_ptr<PahoLink>> Create(std::string broker, std::string client_id,
                                                    Receive receive);
  ~PahoLink();

  // `ca_file`: PEM, whose certificates are trusted; for "ssl://" only. Ends in kConnected or kFailed.
  void Connect(const Login& login, const std::string& ca_file);
  void Subscribe(uint32_t id, const std::string& filter, bool retained);
  void Unsubscribe(uint32_t id, const std::string& filter);
  void Publish(const std::string& topic, const std::string& payload);
  // Leaves the session at the broker, closes and forgets the client. No callback runs after it.
  void Close(std::chrono::milliseconds most);

  // The events of the present client, in order.
  std::vector<LinkEvent> Take();
  // Until there is an event, Wake() is called, or it is time.
  void WaitUntil(std::chrono::steady_clock::time_point time);
  void Wake();  // for all threads

 private:
  struct ConnectListener;
  struct AnswerListener;
  struct PublishListener;
  PahoLink(std::string broker, std::string client_id, Receive receive);
  std::unique_ptr<mqtt::async_client> MakeClient();
  void Note(LinkEvent event);

  const std::string broker_;
  const std::string client_id_;
  const Receive receive_;
  std::unique_ptr<ConnectListener> connect_listener_;
  std::unique_ptr<AnswerListener> answer_listener_;
  std::unique_ptr<PublishListener> publish_listener_;

  Mutex mutex_;
  CondVar changed_;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<LinkEvent> events_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<mqtt::async_client> client_;  // last: it goes first, and its callbacks with it
};

}  // namespace gateway::ingest
