#include "gateway/proof/leaf.h"

#include <chrono>

#include "commons/v1/cell.pb.h"
#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "gateway/proof/cell_bytes.h"

namespace gateway::proof {
namespace {

namespace wire = commons::v1;
using std::chrono::seconds;

constexpr uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 1 + 1 + 8 + kGatewayLeafIdBytes + 4 + 2;
constexpr std::size_t kPayloadBytesMax = kEntryBytesMax - kHeaderBytes;
static_assert(kPayloadBytesMax <= 0xffff, "the length field has 16 bits");
// Per cell a rule id of at most 48 bytes, a start and a commitment, with their tags and lengths;
// and once a metric, a zone and a day. What lint lets through must fit.
static_assert(limits::kCellsPerSheetMax * 96 + 256 <= kPayloadBytesMax);
constexpr std::string_view kGatewayContext("commons-gateway/v1\0", 19);
// Year 10000: beyond it, milliseconds could overflow and no time prints.
constexpr int64_t kSecondsEnd = 253'402'300'800;

StatusOr<int64_t> WholeSeconds(Time time) {
  const auto whole = std::chrono::floor<seconds>(time);
  if (whole != time || time < Time{}) {
    return InvalidArgument("ledger entry: time %d ms is not a whole second since 1970",
                           time.time_since_epoch().count());
  }
  return whole.time_since_epoch().count();
}

StatusOr<std::string> EncodePayload(const ReleaseLeaf& leaf) {
  wire::ReleaseLeaf out;
  out.set_metric(leaf.metric.value());
  out.set_zone(leaf.zone.value());
  ASSIGN_OR_RETURN(const int64_t day_start_s, WholeSeconds(leaf.day_start));
  out.set_day_start_s(day_start_s);
  for (const ReleaseEntry& cell : leaf.cells) {
    if (cell.commitment.size() != kCommitmentBytes) {
      return InvalidArgument("ledger entry: a commitment of %d bytes, not %d",
                             cell.commitment.size(), kCommitmentBytes);
    }
    wire::ReleaseLeaf::Entry& entry = *out.add_cells();
    entry.set_rule(cell.rule.value());
    ASSIGN_OR_RETURN(const int64_t start_s, WholeSeconds(cell.start));
    entry.set_start_s(start_s);
    entry.set_commitment(cell.commitment);
  }
  // No map fields, so protobuf's bytes are the same each time.
  return out.SerializeAsString();
}

// What every entry begins with, and the payload after it.
struct Entry {
  LeafType type = LeafType::kRelease;
  Time at;
  std::string gateway_id16;
  uint32_t policy_version = 0;
  std::string payload;
};

StatusOr<std::string> EncodeEntry(const Entry& entry) {
  if (entry.gateway_id16.size() != kGatewayLeafIdBytes) {
    return InvalidArgument("ledger entry: a gateway id of %d bytes, not %d",
                           entry.gateway_id16.size(), kGatewayLeafIdBytes);
  }
  if (entry.at < Time{}) return InvalidArgument("ledger entry: made before 1970");
  if (entry.payload.size() > kPayloadBytesMax) {
    return InvalidArgument("ledger entry: %d bytes, limit %d", kHeaderBytes + entry.payload.size(),
                           kEntryBytesMax);
  }
  ByteWriter out;
  out.U8(kVersion)
      .U8(static_cast<uint8_t>(entry.type))
      .U64(static_cast<uint64_t>(entry.at.time_since_epoch().count()))
      .Raw(entry.gateway_id16)
      .U32(entry.policy_version)
      .U16(static_cast<uint16_t>(entry.payload.size()))
      .Raw(entry.payload);
  return out.Take();
}

StatusOr<Entry> ReadEntry(std::string_view bytes, LeafType type) {
  ByteReader in(bytes);
  const uint8_t version = in.U8();
  const uint8_t found = in.U8();
  if (in.ok() && (version != kVersion || found != static_cast<uint8_t>(type))) {
    return DataLoss("ledger entry: version %d, type %d; wanted are version %d, type %d",
                    static_cast<int>(version), static_cast<int>(found),
                    static_cast<int>(kVersion), static_cast<int>(type));
  }
  Entry entry{.type = type, .at = {}, .gateway_id16 = {}, .policy_version = 0, .payload = {}};
  const uint64_t at_ms = in.U64();
  entry.gateway_id16 = in.Raw(kGatewayLeafIdBytes);
  entry.policy_version = in.U32();
  entry.payload = in.Raw(in.U16());
  RETURN_IF_ERROR(in.Finish("ledger entry"));
  if (at_ms >= static_cast<uint64_t>(kSecondsEnd) * 1000) {
    return DataLoss("ledger entry: a time is out of range");
  }
  entry.at = Time(Millis(static_cast<int64_t>(at_ms)));
  return entry;
}

// Other spellings of the same content would be other entries.
Status CheckSameBytes(const StatusOr<std::string>& again, std::string_view entry) {
  if (again.ok() && *again == entry) return OkStatus();
  return DataLoss("ledger entry: not the bytes that a gateway writes");
}

StatusOr<ReleaseLeaf> ReadRelease(std::string_view bytes) {
  ASSIGN_OR_RETURN(Entry entry, ReadEntry(bytes, LeafType::kRelease));
  const std::string& payload = entry.payload;
  ReleaseLeaf leaf;
  leaf.at = entry.at;
  leaf.gateway_id16 = std::move(entry.gateway_id16);
  leaf.policy_version = entry.policy_version;
  wire::ReleaseLeaf message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return DataLoss("ledger entry: the payload is no commons.v1.ReleaseLeaf");
  }
  bool in_range = true;
  const auto time = [&in_range](int64_t s) {
    if (s >= 0 && s < kSecondsEnd) return Time(seconds(s));
    in_range = false;
    return Time{};
  };
  leaf.metric = MetricId(message.metric());
  leaf.zone = ZoneId(message.zone());
  leaf.day_start = time(message.day_start_s());
  leaf.cells.reserve(static_cast<std::size_t>(message.cells_size()));
  for (const wire::ReleaseLeaf::Entry& cell : message.cells()) {
    leaf.cells.push_back({RuleId(cell.rule()), time(cell.start_s()), cell.commitment()});
  }
  if (!in_range) return DataLoss("ledger entry: a time is out of range");
  return leaf;
}

}  // namespace

std::string GatewayLeafId(std::string_view commons, std::string_view gateway) {
  std::string data(kGatewayContext);
  data.append(commons).push_back('\0');
  data.append(gateway);
  return crypto::Blake2b128(data);
}

StatusOr<std::string> EncodeReleaseLeaf(const ReleaseLeaf& leaf) {
  ASSIGN_OR_RETURN(std::string payload, EncodePayload(leaf));
  if (payload.size() > kPayloadBytesMax) {
    return InvalidArgument(
        "ledger entry: %d bytes for the %d cells of one sheet, limit %d; fewer rules per metric or "
        "longer buckets are needed",
        kHeaderBytes + payload.size(), leaf.cells.size(), kEntryBytesMax);
  }
  return EncodeEntry({.type = LeafType::kRelease,
                      .at = leaf.at,
                      .gateway_id16 = leaf.gateway_id16,
                      .policy_version = leaf.policy_version,
                      .payload = std::move(payload)});
}

StatusOr<ReleaseLeaf> DecodeReleaseLeaf(std::string_view entry) {
  ASSIGN_OR_RETURN(ReleaseLeaf leaf, ReadRelease(entry));
  RETURN_IF_ERROR(CheckSameBytes(EncodeReleaseLeaf(leaf), entry));
  return leaf;
}

StatusOr<std::string> EncodeRetractionLeaf(const RetractionLeaf& leaf) {
  if (leaf.position > 0xffff) {
    return InvalidArgument("ledger entry: position %d in a sheet", leaf.position);
  }
  if (leaf.envelope.empty()) return InvalidArgument("ledger entry: a retraction of nobody");
  return EncodeEntry({.type = LeafType::kRetraction,
                      .at = leaf.at,
                      .gateway_id16 = leaf.gateway_id16,
                      .policy_version = leaf.policy_version,
                      .payload = ByteWriter()
                                     .U64(leaf.release)
                                     .U16(static_cast<uint16_t>(leaf.position))
                                     .Raw(leaf.envelope)
                                     .Take()});
}

StatusOr<RetractionLeaf> DecodeRetractionLeaf(std::string_view entry) {
  ASSIGN_OR_RETURN(Entry read, ReadEntry(entry, LeafType::kRetraction));
  ByteReader in(read.payload);
  RetractionLeaf leaf{.at = read.at,
                      .gateway_id16 = std::move(read.gateway_id16),
                      .policy_version = read.policy_version};
  leaf.release = in.U64();
  leaf.position = in.U16();
  leaf.envelope = in.Raw(in.remaining());
  RETURN_IF_ERROR(in.Finish("ledger entry of a retraction"));
  RETURN_IF_ERROR(CheckSameBytes(EncodeRetractionLeaf(leaf), entry));
  return leaf;
}

}  // namespace gateway::proof
