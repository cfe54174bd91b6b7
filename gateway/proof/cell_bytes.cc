#include "gateway/proof/cell_bytes.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "commons/v1/cell.pb.h"
#include "gateway/base/check.h"
#include "gateway/crypto/hash.h"

namespace gateway::proof {
namespace {

namespace wire = commons::v1;
using std::chrono::seconds;

constexpr uint32_t kSchema = 1;
constexpr std::string_view kExactError = "0";
// Year 10000: beyond it, milliseconds could overflow and no time prints.
constexpr int64_t kSecondsEnd = 253'402'300'800;

int64_t WholeSeconds(Millis duration) {
  GW_CHECK(duration % seconds(1) == Millis{0});
  return std::chrono::duration_cast<seconds>(duration).count();
}

bool Has(const Cell& cell, std::string_view stat) {
  return std::ranges::find(cell.stats, stat) != cell.stats.end();
}

void FillFigures(const Cell& cell, wire::Figures& out) {
  const Figures& figures = *cell.figures;
  if (figures.below) {
    out.set_below(*figures.below);
  } else {
    if (Has(cell, "count")) out.set_count(figures.count);
    if (Has(cell, "sum")) out.set_sum(figures.sum);
    if (Has(cell, "mean")) out.set_mean(figures.mean);
    out.set_completeness_pct(figures.completeness_pct);
  }
  out.set_homes_in_zone(figures.homes_in_zone);
}

// What protects whom: households by numbers, places by length and size alone.
bool SafeguardsFit(const wire::Cell& in) {
  const wire::Safeguards& safeguards = in.safeguards();
  if (in.owner_kind() == wire::HOUSEHOLD) {
    return safeguards.bucket_min_s() == 0 && safeguards.min_count() == 0 &&
           safeguards.top2_max_pct() <= 100 && !in.figures().has_below();
  }
  return in.owner_kind() == wire::PLACE && safeguards.k_min() == 0 &&
         safeguards.top1_max_pct() == 0 && safeguards.top2_max_pct() == 0 &&
         safeguards.bucket_min_s() < static_cast<uint64_t>(kSecondsEnd) &&
         (!in.figures().has_below() ||
          (in.figures().below() > 0 && in.figures().below() == safeguards.min_count()));
}

// A sum that is said to be rounded is.
bool RoundingFits(const wire::Cell& in) {
  const uint64_t round_to = in.safeguards().round_to();
  if (round_to == 0) return true;
  return round_to < uint64_t{1} << 62 && in.figures().sum() % static_cast<int64_t>(round_to) == 0;
}

bool InRange(const wire::Cell& in) {
  const auto time = [](int64_t s) { return s >= 0 && s < kSecondsEnd; };
  return time(in.start_s()) && time(in.end_s()) &&
         in.safeguards().age_min_s() < static_cast<uint64_t>(kSecondsEnd) &&
         SafeguardsFit(in) && RoundingFits(in) &&
         in.status() >= wire::RELEASED && in.status() <= wire::PENDING &&
         in.has_figures() == (in.status() == wire::RELEASED);
}

Cell FromWire(const wire::Cell& in) {
  Cell cell;
  cell.commons = in.commons();
  cell.gateway = GatewayId(in.gateway());
  cell.rule = RuleId(in.rule());
  cell.policy_version = in.policy_version();
  cell.owner_kind = static_cast<OwnerKind>(in.owner_kind());
  cell.metric = MetricId(in.metric());
  cell.unit = in.unit();
  cell.resolution = in.resolution();
  cell.zone = ZoneId(in.zone());
  cell.window = {Time(seconds(in.start_s())), Time(seconds(in.end_s()))};
  cell.status = static_cast<CellStatus>(in.status());
  if (in.has_figures()) {
    const wire::Figures& figures = in.figures();
    cell.figures = Figures{.count = figures.count(),
                           .sum = figures.sum(),
                           .mean = figures.mean(),
                           .completeness_pct = figures.completeness_pct(),
                           .homes_in_zone = figures.homes_in_zone()};
    if (figures.has_below()) cell.figures->below = figures.below();
  }
  cell.stats.assign(in.stats().begin(), in.stats().end());
  cell.k_min = in.safeguards().k_min();
  cell.top1_max_pct = in.safeguards().top1_max_pct();
  cell.top2_max_pct = in.safeguards().top2_max_pct();
  cell.round_to = static_cast<int64_t>(in.safeguards().round_to());
  cell.age_min = seconds(in.safeguards().age_min_s());
  cell.bucket_min = seconds(in.safeguards().bucket_min_s());
  cell.min_count = in.safeguards().min_count();
  cell.redistribution = in.redistribution();
  cell.replay = in.replay();
  return cell;
}

// The model's numbers are the wire's, so the casts above and below are the mapping.
static_assert(static_cast<int>(OwnerKind::kHousehold) == wire::HOUSEHOLD);
static_assert(static_cast<int>(OwnerKind::kPlace) == wire::PLACE);
static_assert(static_cast<int>(CellStatus::kReleased) == wire::RELEASED);
static_assert(static_cast<int>(CellStatus::kSuppressed) == wire::SUPPRESSED);
static_assert(static_cast<int>(CellStatus::kPending) == wire::PENDING);

}  // namespace

std::string EncodeCell(const Cell& cell) {
  GW_CHECK(cell.figures.has_value() == (cell.status == CellStatus::kReleased));
  GW_CHECK(cell.age_min >= Millis{0} && cell.bucket_min >= Millis{0} && cell.round_to >= 0);
  GW_CHECK(!cell.figures || !cell.figures->below || *cell.figures->below == cell.min_count);
  wire::Cell out;
  out.set_schema(kSchema);
  out.set_commons(cell.commons);
  out.set_gateway(cell.gateway.value());
  out.set_rule(cell.rule.value());
  out.set_policy_version(cell.policy_version);
  out.set_tier(wire::EXACT);
  out.set_owner_kind(static_cast<wire::OwnerKind>(cell.owner_kind));
  out.set_metric(cell.metric.value());
  out.set_unit(cell.unit);
  out.set_resolution(cell.resolution);
  out.set_zone(cell.zone.value());
  out.set_start_s(WholeSeconds(cell.window.start.time_since_epoch()));
  out.set_end_s(WholeSeconds(cell.window.end.time_since_epoch()));
  out.set_status(static_cast<wire::CellStatus>(cell.status));
  if (cell.figures) FillFigures(cell, *out.mutable_figures());
  out.set_method(std::string(kExactMethod));
  wire::Safeguards& safeguards = *out.mutable_safeguards();
  safeguards.set_k_min(cell.k_min);
  safeguards.set_top1_max_pct(cell.top1_max_pct);
  safeguards.set_top2_max_pct(cell.top2_max_pct);
  safeguards.set_round_to(static_cast<uint64_t>(cell.round_to));
  safeguards.set_age_min_s(static_cast<uint64_t>(WholeSeconds(cell.age_min)));
  safeguards.set_bucket_min_s(static_cast<uint64_t>(WholeSeconds(cell.bucket_min)));
  safeguards.set_min_count(cell.min_count);
  out.set_error(std::string(kExactError));
  out.set_replay(cell.replay);
  for (const std::string& stat : cell.stats) out.add_stats(stat);
  out.set_redistribution(cell.redistribution);

  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    GW_CHECK(out.SerializeToCodedStream(&coded));
  }
  return bytes;
}

StatusOr<Cell> DecodeCell(std::string_view bytes) {
  constexpr auto kBytesMax = static_cast<std::size_t>(std::numeric_limits<int>::max());
  wire::Cell in;
  if (bytes.size() > kBytesMax ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss("cell: not a protobuf commons.v1.Cell");
  }
  if (in.schema() != kSchema) return DataLoss("cell: schema %d is unknown", in.schema());
  if (!InRange(in)) return DataLoss("cell: a field has an impossible value");
  Cell cell = FromWire(in);
  // Unknown fields, other spellings, figures that `stats` does not name: all show up here.
  if (EncodeCell(cell) != bytes) return DataLoss("cell: not the bytes that a gateway writes");
  return cell;
}

std::string CommitCell(std::string_view nonce, std::string_view cell_bytes) {
  GW_CHECK(nonce.size() == kCellNonceBytes);
  return crypto::Blake2b256Keyed(nonce, cell_bytes);
}

}  // namespace gateway::proof
