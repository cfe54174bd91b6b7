// From the bytes of one message to one reading, or to the code that says why not. Numbers go from
// their text to integer steps exactly; no double is involved anywhere.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

struct Decoded {
  port::DoorCode code = port::DoorCode::kAdmitted;
  Reading reading;  // set exactly when code is kAdmitted
};

struct DecodeContext {
  Time now;
  bool compare_stamps = true;  // false under a replay clock: stamps are not compared with `now`
};

// Thread-compatible: buffers and the parser are reused from call to call, so a steady stream of
// messages allocates nothing.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Checks in this order, and the first failure is the code: size (kOversized), shape and number
  // (kMalformed, kNotANumber), unit (kUnknownUnit), range (kOutOfRange), time (kNoTime, kBadTime,
  // kFuture). JSON is read strictly, ignored fields included: a repeated field, a field of the
  // wrong type or anything after the object is kMalformed. A number that Decimal refuses for its
  // length is kMalformed too. Blanks around a bare number are allowed.
  Decoded Decode(const Profile& profile, std::string_view payload, const Metric& metric,
                 const DecodeContext& context);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
