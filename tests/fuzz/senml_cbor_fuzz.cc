// SenML in CBOR, and the reader of CBOR below it: its items are balanced and its numbers are numbers,
// and records are read as themselves in JSON.
#include "gateway/ingest/cbor.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/senml.h"

namespace gateway {
namespace {

void WalkCbor(std::string_view bytes) {
  ingest::CborReader reader(bytes);
  ingest::CborItem item;
  std::size_t depth = 0, items = 0;
  while (reader.Next(item)) {
    // Each item but an end has a byte of its own.
    if (item.kind != ingest::CborKind::kEnd) GW_CHECK(++items <= bytes.size());
    switch (item.kind) {
      case ingest::CborKind::kArray:
      case ingest::CborKind::kMap:
        GW_CHECK(++depth <= ingest::kCborDepthMax);
        break;
      case ingest::CborKind::kEnd:
        GW_CHECK(depth-- > 0);
        break;
      case ingest::CborKind::kNumber:
        GW_CHECK(ingest::IsJsonNumber(item.text));
        break;
      default:
        GW_CHECK(item.text.size() <= bytes.size());
    }
  }
  GW_CHECK(reader.error() != ingest::CborError::kNone || depth == 0);

  // Passing over the whole comes to the same end.
  ingest::CborReader skipper(bytes);
  if (skipper.Next(item) && skipper.Skip(item)) GW_CHECK(!skipper.Next(item));
  GW_CHECK(skipper.error() == reader.error());
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static auto* const reader = new gateway::ingest::SenmlReader();
  const std::string_view payload = gateway::fuzz::Bytes(data, size);
  gateway::WalkCbor(payload);
  std::vector<gateway::ingest::SenmlRecord> records;
  if (reader->ReadCbor(payload, records) == gateway::port::DoorCode::kAdmitted) {
    gateway::fuzz::CheckPack(records);
  } else {
    GW_CHECK(records.empty());
  }
  return 0;
}
