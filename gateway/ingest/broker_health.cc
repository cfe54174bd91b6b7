#include "gateway/ingest/broker_health.h"

#include <charconv>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::ingest {
namespace {

// Reasons of CONNACK (MQTT 5 §3.2.2.2).
constexpr int kBadUserNameOrPassword = 0x86;
constexpr int kNotAuthorized = 0x87;
constexpr std::size_t kRefusalsShownMax = 8;

std::string_view ReasonName(int reason) {
  switch (reason) {
    case 0x83: return "implementation specific error";
    case kNotAuthorized: return "not authorized";
    case 0x8F: return "topic filter invalid";
    case 0x91: return "packet identifier in use";
    case 0x97: return "quota exceeded";
    case 0x9E: return "shared subscriptions not supported";
    case 0xA2: return "wildcard subscriptions not supported";
    default: return "refused";
  }
}

}  // namespace

void BrokerHealth::Warn(About about, std::string text, TimePoint until) {
  {
    const MutexLock lock(mutex_);
    if (text.empty()) {
      warnings_.erase(about);
      return;
    }
    Warning& warning = warnings_[about];
    warning.until = until;
    if (warning.text == text) return;
    warning.text = text;
  }
  Log(LogLevel::kWarning, "ingest: %s", text);
}

void BrokerHealth::CannotConnect(int reason, const std::string& text,
                                 const std::optional<BrokerCertificate>& certificate,
                                 bool clock_set) {
  if (reason == kBadUserNameOrPassword || reason == kNotAuthorized) {
    Warn(About::kConnection,
         login_file_.empty()
             ? Format("the broker %s takes nobody without a login: give commonsd.yaml a "
                      "broker_login", broker_)
             : Format("the broker %s refused the login in %s: put the user and password there that "
                      "the broker knows", broker_, login_file_));
  } else if (certificate.has_value() && !certificate->problem.empty()) {
    Warn(About::kConnection,
         clock_set ? Format("the certificate of the broker %s (until %s) is not trusted: %s. Give "
                            "the broker a new one, and broker_ca the certificate that signed it",
                            broker_, FormatTime(certificate->not_after), certificate->problem)
                   : Format("clock not set: this machine takes the time to be %s, so the "
                            "certificate of the broker %s (until %s) cannot be checked (%s). Set up "
                            "NTP, or a clock that keeps time without power",
                            FormatTime(clock_.SystemNow()), broker_,
                            FormatTime(certificate->not_after), certificate->problem));
  } else if (reason != 0) {
    Warn(About::kConnection, Format("the broker %s refused the connection: reason 0x%02x of MQTT 5",
                                    broker_, reason));
  } else {
    Warn(About::kConnection,
         Format("no connection to the broker %s: %s. Is it running, and is that its address?%s",
                broker_, text,
                clock_set ? "" : " Clock not set: set up NTP, or TLS cannot work"));
  }
}

void BrokerHealth::CannotUse(const std::string& file, std::string_view why) {
  Warn(About::kConnection, Format("no connection to the broker %s: %s: %s", broker_, file, why));
}

void BrokerHealth::Connected() { Warn(About::kConnection, ""); }

void BrokerHealth::SessionLost(std::optional<Time> heard) {
  const std::string now = FormatTime(clock_.SystemNow());
  {
    const MutexLock lock(mutex_);
    ++sessions_lost_;
  }
  Warn(About::kSession,
       Format("the broker lost its session: messages between %s and %s may be missing; a broker "
              "keeps it through a restart if it has persistence, on a tmpfs as in deploy/broker",
              heard.has_value() ? FormatTime(*heard) : "the gateway's last run", now),
       clock_.SteadyNow() + limits::kBrokerWarningLife);
}

void BrokerHealth::Refused(const std::vector<Subscriptions::Refusal>& refusals,
                           std::size_t wanted) {
  if (refusals.empty()) return Warn(About::kRefused, "");
  std::string which;
  std::size_t shown = 0, hidden = 0;
  for (const Subscriptions::Refusal& refusal : refusals) {
    if (refusal.shown.empty() || shown == kRefusalsShownMax) {
      ++hidden;
      continue;
    }
    which += Format("%s%s (%s)", shown++ == 0 ? "" : ", ", refusal.shown,
                    ReasonName(refusal.reason));
  }
  if (hidden > 0) which += Format("%s%d not shown here", shown == 0 ? "" : " and ", hidden);
  Warn(About::kRefused,
       Format("the broker refused %d of %d subscriptions: %s. Let the gateway's login subscribe to "
              "them", refusals.size(), wanted, which));
}

void BrokerHealth::Markers(bool refused, std::string_view topic) {
  Warn(About::kMarkers,
       refused ? Format("the broker does not let the gateway publish and read %s, so that every "
                        "message counts as one that may have waited: readings without a time of "
                        "their own enter no figure. Allow its login both", topic)
               : "");
}

void BrokerHealth::DropsHidden(bool hidden) {
  Warn(About::kDropsHidden,
       hidden ? "the broker does not let the gateway read $SYS/broker/publish/messages/dropped: "
                "messages that it drops go unnoticed. Allow its login to subscribe to it"
              : "");
}

void BrokerHealth::Dropped(std::string_view payload) {
  uint64_t count = 0;
  const auto [end, error] =
      std::from_chars(payload.data(), payload.data() + payload.size(), count);
  if (error != std::errc() || end != payload.data() + payload.size()) return;
  bool rose = false;
  {
    const MutexLock lock(mutex_);
    rose = count > std::exchange(dropped_, count);  // from 0 again when the broker starts
  }
  if (!rose) return;
  Warn(About::kDrops,
       Format("the broker dropped %d messages since it started, for the gateway or for others: "
              "raise max_queued_messages and max_queued_bytes in its configuration above what "
              "it must hold (ours: %d messages)", count, limits::kBrokerQueuedMax),
       clock_.SteadyNow() + limits::kBrokerWarningLife);
}

void BrokerHealth::Certificate(const BrokerCertificate& certificate) {
  const auto left = certificate.not_after - clock_.SystemNow();
  Warn(About::kCertificate,
       left < limits::kCertificateWarning
           ? Format("the certificate of the broker %s ends at %s, in %d days: give the broker a new "
                    "one before", broker_, FormatTime(certificate.not_after),
                    std::chrono::floor<std::chrono::days>(left).count())
           : "");
}

void BrokerHealth::CannotRemember(std::string_view why) {
  Warn(About::kMemory,
       why.empty() ? ""
                   : Format("which topics the broker sends cannot be written down: %s. Until it "
                            "can, one that is taken out of the configuration may go on coming",
                            why));
}

port::BrokerState BrokerHealth::State() const {
  const TimePoint now = clock_.SteadyNow();
  const MutexLock lock(mutex_);
  port::BrokerState state{.dropped = dropped_, .sessions_lost = sessions_lost_};
  for (const auto& [about, warning] : warnings_) {
    if (now < warning.until) state.warnings.push_back(warning.text);
  }
  return state;
}

}  // namespace gateway::ingest
