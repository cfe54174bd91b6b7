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

StatusOr<ReleaseLeaf> ReadLeaf(std::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.U8();
  const uint8_t type = in.U8();
  if (in.ok() && (version != kVersion || type != static_cast<uint8_t>(LeafType::kRelease))) {
    return DataLoss("ledger entry: version %d, type %d is no release this program knows",
                    static_cast<int>(version), static_cast<int>(type));
  }
  const uint64_t at_ms = in.U64();
  ReleaseLeaf leaf;
  leaf.gateway_id16 = in.Raw(kGatewayLeafIdBytes);
  leaf.policy_version = in.U32();
  const std::string_view payload = in.Raw(in.U16());
  RETURN_IF_ERROR(in.Finish("ledger entry"));
  wire::ReleaseLeaf message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return DataLoss("ledger entry: the payload is no commons.v1.ReleaseLeaf");
  }
  bool in_range = at_ms < static_cast<uint64_t>(kSecondsEnd) * 1000;
  const auto time = [&in_range](int64_t s) {
    if (s >= 0 && s < kSecondsEnd) return Time(seconds(s));
    in_range = false;
    return Time{};
  };
  leaf.at = in_range ? Time(Millis(static_cast<int64_t>(at_ms))) : Time{};
  leaf.metric = MetricId(message.metric());
  leaf.zone = ZoneId(message.zone());
  leaf.day_start = time(message.day_start_s());
  leaf.cells.reserve(static_cast<std::size_t>(message.cells_size()));
  for (const wire::ReleaseLeaf::Entry& entry : message.cells()) {
    leaf.cells.push_back({RuleId(entry.rule()), time(entry.start_s()), entry.commitment()});
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
  if (leaf.gateway_id16.size() != kGatewayLeafIdBytes) {
    return InvalidArgument("ledger entry: a gateway id of %d bytes, not %d",
                           leaf.gateway_id16.size(), kGatewayLeafIdBytes);
  }
  if (leaf.at < Time{}) return InvalidArgument("ledger entry: decided before 1970");
  ASSIGN_OR_RETURN(const std::string payload, EncodePayload(leaf));
  if (payload.size() > kPayloadBytesMax) {
    return InvalidArgument(
        "ledger entry: %d bytes for the %d cells of one sheet, limit %d; fewer rules per metric or "
        "longer buckets are needed",
        kHeaderBytes + payload.size(), leaf.cells.size(), kEntryBytesMax);
  }
  ByteWriter out;
  out.U8(kVersion)
      .U8(static_cast<uint8_t>(LeafType::kRelease))
      .U64(static_cast<uint64_t>(leaf.at.time_since_epoch().count()))
      .Raw(leaf.gateway_id16)
      .U32(leaf.policy_version)
      .U16(static_cast<uint16_t>(payload.size()))
      .Raw(payload);
  return out.Take();
}

StatusOr<ReleaseLeaf> DecodeReleaseLeaf(std::string_view entry) {
  ASSIGN_OR_RETURN(ReleaseLeaf leaf, ReadLeaf(entry));
  const StatusOr<std::string> again = EncodeReleaseLeaf(leaf);
  if (!again.ok() || *again != entry) {
    return DataLoss("ledger entry: not the bytes that a gateway writes");
  }
  return leaf;
}

}  // namespace gateway::proof
