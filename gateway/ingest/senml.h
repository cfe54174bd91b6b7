// SenML (RFC 8428) in JSON and in CBOR: from the bytes of a pack to resolved records, whose sums with
// base values are exact decimals. Records that hold no scalar (`vd`) or only a sum (`s`) are checked
// and left out.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/ingest/fields.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// Thread-compatible: buffers and the parser are reused from call to call.
class SenmlReader {
 public:
  SenmlReader();
  ~SenmlReader();
  SenmlReader(const SenmlReader&) = delete;
  SenmlReader& operator=(const SenmlReader&) = delete;

  // Fills `records`, in the order of the pack, with views that live until the next call.
  //
  // Returns kAdmitted; kOversized for a payload above kPayloadBytesMax or a pack of more than
  // kObservationsPerMessageMax records; kMalformed for everything that RFC 8428 does not allow: a
  // label twice, a value of the wrong type, a record without value and without sum or with several
  // values, a name with other characters or of more than kSenmlNameBytesMax, a version above 10, an
  // unknown label that ends in '_', a number that Decimal refuses where one is added to it. Other
  // unknown labels are passed over, but must be well formed. `records` is empty unless kAdmitted.
  //
  // A value that is null, or nan in CBOR, is of kind kNull: it spares the other records.
  port::DoorCode ReadJson(std::string_view payload, std::vector<SenmlRecord>& records);
  port::DoorCode ReadCbor(std::string_view payload, std::vector<SenmlRecord>& records);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
