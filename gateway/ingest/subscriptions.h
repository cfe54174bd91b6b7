// Which topic filters the broker has of us and which it should have: wanted and confirmed, refused,
// left over from an earlier run. Decides what to ask of the broker next; talks to nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gateway::ingest {

struct Filter {
  std::string text;       // "sensors/+/+"
  bool retained = false;  // deliver retained messages at every subscribe, not only at the first
  // The text stands in a profile file that others may read. The topics of a profile that was made
  // for one device name the device: they are shown to nobody.
  bool may_be_shown = false;
  bool optional = false;  // if it is refused, the rest is settled all the same
};

// Whether every topic that `narrow` matches is matched by `wide` too (MQTT 5 §4.7).
bool Covers(std::string_view wide, std::string_view narrow);

// Without those that another one covers: under MQTT 5 mosquitto sends a message once for each filter
// that matches. Filters that share only some topics stay, and so do the copies of those messages.
std::vector<Filter> WithoutCovered(std::vector<Filter> filters);

// Thread-compatible.
class Subscriptions {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Something to ask of the broker; its answer comes to Answered() with the same id.
  struct Step {
    uint32_t id = 0;
    bool subscribe = true;  // false: unsubscribe
    std::string filter;
    bool retained = false;
  };
  struct Refusal {
    std::string shown;  // the filter, or "" if it may not be shown
    int reason = 0;     // of the SUBACK
  };

  explicit Subscriptions(std::chrono::milliseconds again_after) : again_after_(again_after) {}

  // What may be at the broker from earlier runs. Before the first Connected().
  void Remember(const std::vector<std::string>& filters);
  // From now on exactly these. The wanted ones are subscribed before others are unsubscribed, so
  // that no message falls between.
  void Want(const std::vector<Filter>& filters);
  // A new connection: each filter has to be confirmed anew.
  void Connected(bool session_present);
  // Everything to be asked now. What was refused is asked again after a while.
  std::vector<Step> Due(TimePoint now);
  // `reason` is of MQTT 5: below 0x80 is a yes. Answers to forgotten steps count for nothing.
  void Answered(uint32_t id, int reason, TimePoint now);

  // The broker has what is wanted, but for what is optional and was refused, and nothing else.
  bool settled() const;
  bool confirmed(std::string_view filter) const;
  std::vector<Refusal> refusals() const;
  std::size_t wanted() const { return wanted_; }
  // Every filter that may be at the broker, now or after the steps that are due; sorted.
  std::vector<std::string> possible() const;

 private:
  enum class State : uint8_t { kDue, kAsked, kConfirmed, kRefused };
  struct Row {
    bool wanted = false;
    bool retained = false;
    bool may_be_shown = false;
    bool optional = false;
    bool may_be_there = false;
    State state = State::kDue;  // of subscribing if it is wanted, of unsubscribing if not
    uint32_t asked = 0;
    int reason = 0;
    TimePoint again{};
  };
  bool AllWantedAnswered() const;

  const std::chrono::milliseconds again_after_;
  std::map<std::string, Row, std::less<>> rows_;
  std::unordered_map<uint32_t, std::string> asked_;  // the filter of each step without an answer
  std::size_t wanted_ = 0;
  uint32_t last_id_ = 0;
};

}  // namespace gateway::ingest
