// Entries of the ledger. All integers are big-endian:
//
//   u8 version = 1 | u8 type | u64 unix_ms | 16 B gateway leaf id | u32 policy_version |
//   u16 length | payload
//
// An entry is at most kEntryBytesMax bytes. The payload of a release leaf is one
// protobuf commons.v1.ReleaseLeaf: metric, zone, start of the civil day in Unix seconds, and for
// every cell of the sheet, suppressed ones too, in the order given: rule, start in Unix seconds,
// 32-byte commitment (cell_bytes.h). That of a retraction is
//
//   u64 index of the release entry | u16 position of the cell in it | the stewards' envelope
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::proof {

inline constexpr std::size_t kGatewayLeafIdBytes = 16;
// An entry must fit a tlog-tiles entry bundle, whose length field has 16 bits.
inline constexpr std::size_t kEntryBytesMax = 65'535;

enum class LeafType : uint8_t { kRelease = 1, kRetraction = 13 };

// BLAKE2b-128("commons-gateway/v1" ‖ 0x00 ‖ commons ‖ 0x00 ‖ gateway).
std::string GatewayLeafId(std::string_view commons, std::string_view gateway);

struct ReleaseEntry {
  RuleId rule;
  Time start;
  std::string commitment;  // 32 bytes
  friend bool operator==(const ReleaseEntry&, const ReleaseEntry&) = default;
};

struct ReleaseLeaf {
  Time at;                   // of the decision
  std::string gateway_id16;  // GatewayLeafId
  uint32_t policy_version = 0;
  MetricId metric;
  ZoneId zone;
  Time day_start;
  std::vector<ReleaseEntry> cells;
  friend bool operator==(const ReleaseLeaf&, const ReleaseLeaf&) = default;
};

// Returns InvalidArgument if the entry would be longer than kEntryBytesMax, a time
// is before 1970 or (day and cells) not on a whole second, or an id or commitment has a wrong size.
StatusOr<std::string> EncodeReleaseLeaf(const ReleaseLeaf& leaf);

// Returns DataLoss if the bytes are not exactly what EncodeReleaseLeaf makes of some leaf.
StatusOr<ReleaseLeaf> DecodeReleaseLeaf(std::string_view entry);

struct RetractionLeaf {
  Time at;                   // when the gateway took it
  std::string gateway_id16;  // GatewayLeafId
  uint32_t policy_version = 0;
  uint64_t release = 0;   // index of the entry that lists the cell
  uint32_t position = 0;  // of the cell in it
  // A commons.v1.Retraction (query.proto) in a DSSE envelope of type crypto::kRetractionType. That
  // an entry says so proves nothing: its signatures and the cell's hash in it do.
  std::string envelope;
  friend bool operator==(const RetractionLeaf&, const RetractionLeaf&) = default;
};

// Returns InvalidArgument if the entry would be longer than kEntryBytesMax, the envelope is empty,
// the time is before 1970, or the position or an id is out of range.
StatusOr<std::string> EncodeRetractionLeaf(const RetractionLeaf& leaf);

// Returns DataLoss if the bytes are not exactly what EncodeRetractionLeaf makes of some leaf.
StatusOr<RetractionLeaf> DecodeRetractionLeaf(std::string_view entry);

}  // namespace gateway::proof
