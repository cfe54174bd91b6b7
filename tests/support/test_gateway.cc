#include "tests/support/test_gateway.h"

#include <algorithm>
#include <utility>

#include "commons/v1/query.pb.h"
#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/secret.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"

namespace gateway::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Time kDay{seconds(1'358'121'600)};  // 2013-01-14T00:00:00Z
constexpr uint32_t kPolicyVersion = 3;

crypto::Signer SignerFrom(const std::string& seed) {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::SecretKey> key = crypto::SecretKey::FromBytes(seed);
  GW_CHECK(key.ok());
  StatusOr<crypto::Signer> signer = crypto::Signer::FromSeed(*std::move(key));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

// The nonce that opens a cell's commitment: any 32 bytes of its own do.
std::string NonceOf(const std::string& cell) { return crypto::Blake2b256("nonce " + cell); }

}  // namespace

crypto::Signer TestSigner(char fill) { return SignerFrom(std::string(32, fill)); }

TestGateway::TestGateway(std::string id, bool replay, std::string commons)
    : id_(std::move(id)),
      commons_(std::move(commons)),
      replay_(replay),
      sign_(SignerFrom(crypto::Blake2b256("sign " + id_))),
      log_(SignerFrom(crypto::Blake2b256("log " + id_))) {}

proof::GatewayKeys TestGateway::keys() const {
  return {GatewayId(id_), sign_.public_key(), log_.public_key()};
}

Cell TestGateway::MakeCell(int hour, CellStatus status, const std::string& rule) const {
  Cell cell{.commons = commons_,
            .gateway = GatewayId(id_),
            .rule = RuleId(rule),
            .policy_version = kPolicyVersion,
            .owner_kind = OwnerKind::kHousehold,
            .metric = MetricId("load"),
            .unit = "Wh",
            .resolution = "1",
            .zone = ZoneId("north"),
            .window = {kDay + hours(hour), kDay + hours(hour + 1)},
            .status = status,
            .figures = std::nullopt,
            .stats = {"count", "sum", "mean"},
            .k_min = 10,
            .top1_max_pct = 30,
            .age_min = hours(24),
            .replay = replay_};
  if (status == CellStatus::kReleased) {
    cell.figures = Figures{.count = 12, .sum = 34'567, .mean = 2'881, .completeness_pct = 99,
                           .homes_in_zone = 40};
  }
  return cell;
}

uint64_t TestGateway::Release(const std::vector<Cell>& cells) {
  proof::ReleaseLeaf leaf{.at = kDay + hours(48),
                          .gateway_id16 = proof::GatewayLeafId(commons_, id_),
                          .policy_version = kPolicyVersion,
                          .metric = MetricId("load"),
                          .zone = ZoneId("north"),
                          .day_start = kDay,
                          .cells = {}};
  Released released{.index = entries_.size(), .cells = {}};
  for (const Cell& cell : cells) {
    released.cells.push_back(proof::EncodeCell(cell));
    const std::string& bytes = released.cells.back();
    leaf.cells.push_back(
        {cell.rule, cell.window.start, proof::CommitCell(NonceOf(bytes), bytes)});
  }
  StatusOr<std::string> entry = proof::EncodeReleaseLeaf(leaf);
  GW_CHECK(entry.ok());
  released_.push_back(std::move(released));
  return Append(*std::move(entry));
}

const std::string& TestGateway::CellBytes(uint64_t release, uint32_t position) const {
  const auto found = std::ranges::find(released_, release, &Released::index);
  GW_CHECK(found != released_.end());
  return found->cells.at(position);
}

uint64_t TestGateway::Retract(uint64_t release, uint32_t position, const std::string& reason,
                              const crypto::Signer& steward) {
  const std::string& bytes = CellBytes(release, position);
  const StatusOr<Cell> cell = proof::DecodeCell(bytes);
  GW_CHECK(cell.ok());
  commons::v1::Retraction retraction;
  retraction.set_schema(1);
  retraction.set_commons(commons_);
  retraction.set_gateway(id_);
  retraction.set_rule(cell->rule.value());
  retraction.set_zone(cell->zone.value());
  retraction.set_start_s(
      std::chrono::floor<seconds>(cell->window.start).time_since_epoch().count());
  retraction.set_cell_hash(crypto::Blake2b256(bytes));
  retraction.set_reason(reason);
  crypto::Envelope envelope{std::string(crypto::kRetractionType), retraction.SerializeAsString(),
                            {}};
  crypto::SignEnvelope(envelope, steward);
  StatusOr<std::string> entry =
      proof::EncodeRetractionLeaf({.at = kDay + hours(60),
                                   .gateway_id16 = proof::GatewayLeafId(commons_, id_),
                                   .policy_version = kPolicyVersion,
                                   .release = release,
                                   .position = position,
                                   .envelope = crypto::SerializeEnvelope(envelope)});
  GW_CHECK(entry.ok());
  return Append(*std::move(entry));
}

uint64_t TestGateway::Append(std::string entry) {
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

proof::LoggedEntry TestGateway::Logged(uint64_t index) const {
  std::vector<std::string> hashes;
  proof::CompactRange range;
  for (const std::string& entry : entries_) {
    hashes.push_back(proof::LeafHash(entry));
    range.Append(hashes.back());
  }
  const std::string origin = proof::LogOrigin(commons_, id_, replay_);
  auto inclusion = proof::ProveInclusion(index, entries_.size(), proof::NodesOf(hashes));
  GW_CHECK(inclusion.ok());
  const std::string text =
      proof::CheckpointText({.origin = origin, .size = entries_.size(), .root = range.Root()});
  return {entries_[index],
          proof::FormatTlogProof({.index = index,
                                  .hashes = *std::move(inclusion),
                                  .checkpoint = proof::SignNote(text, origin, log_)})};
}

proof::AnswerSheet TestGateway::Sheet(uint64_t release) const {
  const auto found = std::ranges::find(released_, release, &Released::index);
  GW_CHECK(found != released_.end());
  proof::AnswerSheet sheet{.release = Logged(release), .cells = {}, .retractions = {}};
  for (uint32_t i = 0; i < found->cells.size(); ++i) {
    sheet.cells.push_back({i, NonceOf(found->cells[i]), found->cells[i]});
  }
  return sheet;
}

proof::AnswerPart TestGateway::Part(std::string query, std::vector<proof::AnswerSheet> sheets,
                                    uint32_t part, bool last) const {
  return {.commons = commons_,
          .gateway = GatewayId(id_),
          .query = std::move(query),
          .at = kDay + hours(72),
          .code = std::string(proof::kAnswerOk),
          .rules = {"load-hourly"},
          .policy_version = kPolicyVersion,
          .replay = replay_,
          .sheets = std::move(sheets),
          .part = part,
          .last = last};
}

proof::AnswerPart TestGateway::Refusal(std::string query, std::string code,
                                       std::vector<std::string> rules) const {
  proof::AnswerPart part = Part(std::move(query));
  part.code = std::move(code);
  part.rules = std::move(rules);
  return part;
}

std::string TestGateway::Sign(const proof::AnswerPart& part) const {
  return proof::SignAnswer(part, sign_);
}

}  // namespace gateway::testing
