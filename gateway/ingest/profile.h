// A profile: how one family of devices names its topics and writes its payloads. Profiles are data
// (gateway/ingest/profiles/*.yaml, docs/profiles.md), so that a new family needs no new code.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/path.h"
#include "gateway/ingest/pattern.h"
#include "gateway/ingest/stamp.h"
#include "gateway/ingest/topic.h"
#include "gateway/model/decimal.h"
#include "gateway/model/metric.h"

namespace gateway::ingest {

enum class PayloadFormat : uint8_t { kNumber, kJson, kSck, kSenmlJson, kSenmlCbor };

struct TimeSpec {
  std::vector<Path> at;  // the first that is in the payload; none in SenML, whose records say it
  uint8_t forms = 0;     // of StampForm
  bool end = false;      // a stamp marks the end of the interval that the value covers
  Millis interval{0};    // how long that is; 0: the metric's
  bool whole = false;    // only whole multiples of `interval` are such an end
};

// One value, or one of each match of a placeholder, that a message holds.
struct ReadingSpec {
  std::string metric;           // id; empty: what {metric} stands for
  std::optional<Path> at;       // JSON, SCK
  std::optional<Pattern> name;  // SenML
  std::string unit;             // of the value, and of the numbers below; empty: the metric's
  std::optional<Path> unit_at;  // the payload may name another
  std::vector<std::pair<std::string, std::string>> units;  // what payloads call them
  std::vector<std::pair<std::string, bool>> states;        // texts that stand for on and off
  bool text = false;                                       // strings that hold numbers count
  std::string default_value;  // where the device leaves the field out; empty: then no value
  std::optional<std::pair<Decimal, Decimal>> range;  // what the device can measure, inclusive
  std::vector<Decimal> faults;                       // values that mean a fault
  std::optional<Decimal> step;      // the largest change in one interval of the metric
  std::optional<Decimal> rollover;  // a counter starts again at 0 when it would reach this
  std::optional<TimeSpec> time;     // if it is not the message's
};

struct MessageSpec {
  TopicTemplate topic;
  bool ignore = false;  // nothing here is ever read; the rest is empty
  std::vector<PayloadFormat> formats;
  std::optional<Path> device;  // in the payload
  bool secret = false;         // what calls the device is a credential
  std::optional<TimeSpec> time;
  std::optional<Path> sequence;  // a number that tells a repetition from news
  std::vector<ReadingSpec> readings;
  bool parts_inside = false;  // {part} stands in a path or name of a reading
};

// Immutable. Thread-safe.
class Profile {
 public:
  // `text` is a file of schema commons-profile/1; `name` is what errors call it.
  // Returns InvalidArgument with line and column if it is anything else.
  static StatusOr<Profile> Parse(std::string_view text, std::string_view name);

  const std::string& id() const { return id_; }
  const std::string& about() const { return about_; }
  // How often such a device should be heard; 0: unknown.
  Millis expects() const { return expects_; }
  // Of a profile made for one device: what it is called where topics do not.
  const std::string& claim() const { return claim_; }
  // Fields that say who or where someone is.
  std::span<const Path> personal() const { return personal_; }
  std::span<const MessageSpec> messages() const { return messages_; }

  // What its messages can yield; "{metric}" where topic or payload say it.
  std::vector<std::string> Metrics() const;
  // What its messages say of the metric `id`, or null.
  const ReadingSpec* Find(std::string_view id) const;

 private:
  friend class ProfileReader;
  std::string id_, about_, claim_;
  Millis expects_{0};
  std::vector<Path> personal_;
  std::vector<MessageSpec> messages_;
};

// The subscriptions for all of them, none covered by another.
std::vector<std::string> Filters(std::span<const Profile> profiles);

// Loads every *.yaml file of `directory`, in the order of their names.
// Returns NotFound if the directory cannot be read or holds no profile, InvalidArgument if a file
// is not a profile, AlreadyExists if two have the same id.
StatusOr<std::vector<Profile>> LoadProfiles(const std::string& directory);

// The profiles that were installed with the gateway; those of its sources if it was not.
StatusOr<std::vector<Profile>> LoadInstalledProfiles();

}  // namespace gateway::ingest
