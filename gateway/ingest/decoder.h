// From the bytes of one message to what they say: the first of two steps. An observation is still
// text, because what is wanted of it (unit, resolution, bounds) belongs to a metric, and which
// device may have one is known only when the message has said who it is.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/ingest/fields.h"
#include "gateway/ingest/pattern.h"
#include "gateway/ingest/profile.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// Views end with the decoder's next call, or with the delivery.
struct Observation {
  const ReadingSpec* reading = nullptr;
  std::string_view device;
  std::string_view part;  // of the device; empty: itself
  std::string_view metric;
  // kAdmitted; kNotANumber for null, an empty text and the like; kMalformed for a text that is no
  // number.
  port::DoorCode code = port::DoorCode::kAdmitted;
  // The following are set exactly when code is kAdmitted.
  std::string_view number;  // of JSON's grammar, or with leading zeros
  bool boolean = false;     // it was true or false, which only a state can be
  std::string_view unit;    // as the metric names it, or as devices do; empty: the metric's
  const TimeSpec* time = nullptr;  // how `stamp` is read; null: there is no time
  std::string_view stamp;          // may be empty only in SenML, where it means now
};

struct Decoded {
  // kAdmitted; or why the whole message is one observation that cannot be believed: kOversized,
  // kMalformed, kWrongDevice.
  port::DoorCode code = port::DoorCode::kAdmitted;
  std::string_view device;  // of topic or payload; empty if neither names one for all observations
  std::vector<Observation> observations;  // none after an error; may be none without
  bool numbered = false;  // it holds the sequence number that its profile names
};

// Thread-compatible: buffers and parsers are reused from call to call, so that a steady stream of
// messages allocates nothing.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // `topic` is what the message's topic captured, `claim` the profile's own for where there is no
  // device in it. Payloads are read strictly (json_reader.h). A field that a profile does not name
  // is ignored, a field that is not there is no observation; but a message whose topic names the
  // metric is about that metric, so without its value it is kMalformed.
  // The result is good until the next call.
  const Decoded& Decode(const MessageSpec& message, const Captures& topic, std::string_view claim,
                        std::string_view payload);

  // The scalars of the message that was decoded last, unless it was SenML.
  const Fields& fields() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
