// JSON payloads as flat fields. Strict, because a payload that is only half JSON comes from a
// broken device: a key that an object repeats, anything after the value and anything that RFC 8259
// does not allow is refused, in fields that nobody reads as well. One exception: a bare nan or inf
// where a value belongs, as printf writes it, is a null, so that its siblings survive it.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/ingest/fields.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// Thread-compatible: buffers are reused from call to call, so that a steady stream of payloads
// allocates nothing.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Fills `fields` with the scalars of one object or array; views are good until the next call.
  // Returns kAdmitted; kMalformed, also for nesting beyond kFieldDepthMax; or kOversized for more
  // than kPayloadBytesMax bytes, kFieldsMax scalars, or kJsonNodesMax keys and elements.
  port::DoorCode Read(std::string_view payload, Fields& fields);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::ingest
