#include "gateway/ingest/paho_link.h"

#include <mqtt/async_client.h>

#include <algorithm>
#include <utility>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::chrono::seconds kKeepAlive{30};
constexpr std::chrono::seconds kConnectTimeout{10};
constexpr int kUnspecifiedError = 0x80;
// 0xFFFFFFFF (never) would be read as a negative number by Paho C 1.3.12.
constexpr auto kSessionExpirySeconds =
    static_cast<int32_t>(std::chrono::seconds(limits::kSessionLife).count());

// The id of a step travels as the context of its token.
void* ContextOf(uint32_t id) { return reinterpret_cast<void*>(uintptr_t{id}); }
uint32_t IdOf(const mqtt::token& token) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(token.get_user_context()));
}

// Of an answer that Paho takes for a failure. It has no reason if the connection went.
int ReasonOf(const mqtt::token& token) {
  const int reason = token.get_reason_code();
  return reason >= kUnspecifiedError && reason <= 0xFF ? reason : kUnspecifiedError;
}

}  // namespace

struct PahoLink::ConnectListener final : mqtt::iaction_listener {
  explicit ConnectListener(PahoLink& owner) : link(owner) {}
  void on_success(const mqtt::token& token) override {
    link.Note({.kind = LinkEvent::Kind::kConnected,
               .session_present = token.get_connect_response().is_session_present()});
  }
  void on_failure(const mqtt::token& token) override {
    // Paho gives the reason of a CONNACK as its own return code, which is negative otherwise.
    const int code = token.get_return_code();
    link.Note({.kind = LinkEvent::Kind::kFailed,
               .reason = code >= kUnspecifiedError && code <= 0xFF ? code : 0,
               .text = code == MQTTASYNC_FAILURE ? "it does not answer"
                                                 : mqtt::exception::error_str(code)});
  }
  PahoLink& link;
};

struct PahoLink::AnswerListener final : mqtt::iaction_listener {
  explicit AnswerListener(PahoLink& owner) : link(owner) {}
  void on_success(const mqtt::token& token) override {
    // Paho counts a SUBACK as a success whatever it says.
    const std::vector<mqtt::ReasonCode> codes =
        token.get_type() == mqtt::token::SUBSCRIBE
            ? token.get_subscribe_response().get_reason_codes()
            : token.get_unsubscribe_response().get_reason_codes();
    const int reason = codes.empty() ? 0 : *std::ranges::max_element(codes);
    link.Note({.kind = LinkEvent::Kind::kAnswered, .id = IdOf(token), .reason = reason});
  }
  void on_failure(const mqtt::token& token) override {
    link.Note({.kind = LinkEvent::Kind::kAnswered, .id = IdOf(token), .reason = ReasonOf(token)});
  }
  PahoLink& link;
};

struct PahoLink::PublishListener final : mqtt::iaction_listener {
  explicit PublishListener(PahoLink& owner) : link(owner) {}
  void on_success(const mqtt::token& token) override {
    if (token.get_reason_code() >= kUnspecifiedError) on_failure(token);
  }
  void on_failure(const mqtt::token&) override {
    link.Note({.kind = LinkEvent::Kind::kMarkerRefused});
  }
  PahoLink& link;
};

PahoLink::PahoLink(std::string broker, std::string client_id, Receive receive)
    : broker_(std::move(broker)),
      client_id_(std::move(client_id)),
      receive_(std::move(receive)),
      connect_listener_(std::make_unique<ConnectListener>(*this)),
      answer_listener_(std::make_unique<AnswerListener>(*this)),
      publish_listener_(std::make_unique<PublishListener>(*this)) {}

PahoLink::~PahoLink() = default;

std::unique_ptr<mqtt::async_client> PahoLink::MakeClient() {
  auto client = std::make_unique<mqtt::async_client>(broker_, client_id_,
                                                     mqtt::create_options(MQTTVERSION_5));
  // All before the first connect: the broker sends what it kept before connect() has returned.
  // noexcept: an exception that left a Paho callback would unwind through C frames that hold its
  // lock. Better to end here, with the message unacknowledged.
  client->set_message_callback(
      [this](const mqtt::const_message_ptr& message) noexcept { receive_(*message); });
  client->set_connection_lost_handler([this](const std::string&) noexcept { Note({}); });
  client->set_disconnected_handler(
      [this](const mqtt::properties&, mqtt::ReasonCode) noexcept { Note({}); });
  return client;
}

StatusOr<std::unique_ptr<PahoLink>> PahoLink::Create(std::string broker, std::string client_id,
                                                     Receive receive) {
  try {
    std::unique_ptr<PahoLink> link(
        new PahoLink(std::move(broker), std::move(client_id), std::move(receive)));
    link->client_ = link->MakeClient();
    return link;
  } catch (const mqtt::exception& error) {
    return InvalidArgument("broker: the MQTT client cannot be made: %s (code %d); is the address "
                           "of the form tcp://host:port or ssl://host:port?", error.what(),
                           error.get_return_code());
  }
}

void PahoLink::Connect(const Login& login, const std::string& ca_file) {
  try {
    // The next before the last one goes: with its last client Paho ends its threads.
    std::unique_ptr<mqtt::async_client> last = std::exchange(client_, MakeClient());
    last.reset();
    Take();
    mqtt::connect_options connect;
    connect.set_mqtt_version(MQTTVERSION_5);
    connect.set_clean_start(false);
    connect.set_automatic_reconnect(false);
    connect.set_keep_alive_interval(kKeepAlive);
    connect.set_connect_timeout(kConnectTimeout);
    if (!login.user.empty()) {
      connect.set_user_name(login.user);
      connect.set_password(login.password);
    }
    if (!ca_file.empty()) {
      mqtt::ssl_options tls;  // no error handler: Paho C++ 1.2.0 calls it after its options are gone
      tls.set_trust_store(ca_file);
      tls.set_enable_server_cert_auth(true);
      tls.set_verify(true);  // that the certificate names the host
      connect.set_ssl(tls);
    }
    mqtt::properties properties;
    properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, kSessionExpirySeconds});
    properties.add({mqtt::property::RECEIVE_MAXIMUM,
                    static_cast<int32_t>(limits::kBrokerInflightMax)});
    properties.add({mqtt::property::MAXIMUM_PACKET_SIZE,
                    static_cast<int32_t>(limits::kPacketBytesMax)});
    connect.set_properties(std::move(properties));
    // Copied, not moved: moved options of Paho C++ 1.2.0 point at the properties of the moved-from
    // object, which are empty, and the session would end with the connection.
    client_->connect(connect, nullptr, *connect_listener_);
  } catch (const mqtt::exception& error) {
    Note({.kind = LinkEvent::Kind::kFailed, .text = error.what()});
  }
}

void PahoLink::Subscribe(uint32_t id, const std::string& filter, bool retained) {
  // Otherwise retained messages come only for a subscription that is new to the broker: the door
  // refuses them, and with every reconnect they would be counted again.
  const mqtt::subscribe_options options(
      false, false,
      retained ? mqtt::subscribe_options::SEND_RETAINED_ON_SUBSCRIBE
               : mqtt::subscribe_options::SEND_RETAINED_ON_NEW);
  try {
    client_->subscribe(filter, 1, ContextOf(id), *answer_listener_, options);
  } catch (const mqtt::exception&) {
    Note({.kind = LinkEvent::Kind::kAnswered, .id = id, .reason = kUnspecifiedError});
  }
}

void PahoLink::Unsubscribe(uint32_t id, const std::string& filter) {
  try {
    client_->unsubscribe(filter, ContextOf(id), *answer_listener_);
  } catch (const mqtt::exception&) {
    Note({.kind = LinkEvent::Kind::kAnswered, .id = id, .reason = kUnspecifiedError});
  }
}

void PahoLink::Publish(const std::string& topic, const std::string& payload) {
  try {
    // QoS 1: mosquitto lets QoS 0 overtake what is queued.
    client_->publish(topic, payload.data(), payload.size(), 1, false, nullptr, *publish_listener_);
  } catch (const mqtt::exception&) {
    // Not connected any more: an event says so.
  }
}

void PahoLink::Close(std::chrono::milliseconds most) {
  if (client_ == nullptr) return;
  try {
    // Without a session expiry of its own the disconnect leaves the one of the connect.
    client_->disconnect(std::chrono::seconds(1))->wait_for(most);
  } catch (const mqtt::exception&) {
    // Paho says that there is nothing to disconnect: the broker notices by itself.
  }
  client_.reset();
}

void PahoLink::Note(LinkEvent event) {
  {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(event));
  }
  changed_.NotifyAll();
}

std::vector<LinkEvent> PahoLink::Take() {
  const MutexLock lock(mutex_);
  awake_ = false;
  return std::exchange(events_, {});
}

void PahoLink::WaitUntil(std::chrono::steady_clock::time_point time) {
  const MutexLock lock(mutex_);
  while (!awake_ && events_.empty() && changed_.WaitUntil(mutex_, time)) {
  }
}

void PahoLink::Wake() {
  {
    const MutexLock lock(mutex_);
    awake_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace gateway::ingest
