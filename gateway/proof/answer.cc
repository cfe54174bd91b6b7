#include "gateway/proof/answer.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "commons/v1/query.pb.h"
#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"

namespace gateway::proof {
namespace {

namespace wire = commons::v1;

constexpr uint32_t kSchema = 1;
constexpr std::size_t kQueryHashBytes = 32;
constexpr std::size_t kCodeBytesMax = 32;
constexpr std::string_view kRetractionReasons[] = {"wrong-readings", "wrong-rules", "other"};
// Year 10000: beyond it, no time prints.
constexpr int64_t kMillisEnd = 253'402'300'800'000;

void Fill(const LoggedEntry& logged, wire::LoggedEntry& out) {
  out.set_entry(logged.entry);
  out.set_proof(logged.proof);
}

LoggedEntry FromWire(const wire::LoggedEntry& in) { return {in.entry(), in.proof()}; }

std::string Encode(const AnswerPart& part) {
  wire::Answer out;
  out.set_schema(kSchema);
  out.set_commons(part.commons);
  out.set_gateway(part.gateway.value());
  out.set_query(part.query);
  out.set_at_ms(part.at.time_since_epoch().count());
  out.set_code(part.code);
  for (const std::string& rule : part.rules) out.add_rules(rule);
  out.set_policy_version(part.policy_version);
  out.set_replay(part.replay);
  for (const AnswerSheet& sheet : part.sheets) {
    wire::AnswerSheet& to = *out.add_sheets();
    Fill(sheet.release, *to.mutable_release());
    for (const AnswerCell& cell : sheet.cells) {
      wire::AnswerCell& cell_to = *to.add_cells();
      cell_to.set_position(cell.position);
      cell_to.set_nonce(cell.nonce);
      cell_to.set_cell(cell.bytes);
    }
    for (const LoggedEntry& retraction : sheet.retractions) Fill(retraction, *to.add_retractions());
  }
  out.set_part(part.part);
  out.set_last(part.last);
  // No map fields, so protobuf's bytes are the same each time.
  return out.SerializeAsString();
}

AnswerPart FromWire(const wire::Answer& in) {
  AnswerPart part{.commons = in.commons(),
                  .gateway = GatewayId(in.gateway()),
                  .query = in.query(),
                  .at = Time(Millis(in.at_ms())),
                  .code = in.code(),
                  .rules = {in.rules().begin(), in.rules().end()},
                  .policy_version = in.policy_version(),
                  .replay = in.replay(),
                  .sheets = {},
                  .part = in.part(),
                  .last = in.last()};
  for (const wire::AnswerSheet& sheet : in.sheets()) {
    AnswerSheet& to = part.sheets.emplace_back();
    to.release = FromWire(sheet.release());
    for (const wire::AnswerCell& cell : sheet.cells()) {
      to.cells.push_back({cell.position(), cell.nonce(), cell.cell()});
    }
    for (const wire::LoggedEntry& retraction : sheet.retractions()) {
      to.retractions.push_back(FromWire(retraction));
    }
  }
  return part;
}

// Codes are shown to people and compared by programs: words of capitals.
bool IsCode(std::string_view code) {
  return !code.empty() && code.size() <= kCodeBytesMax &&
         code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos;
}

// A terminal shows these, and a CSV reader more: no control characters of ASCII or of Latin-1.
bool IsPlain(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      return false;
    }
  }
  return true;
}

bool IsPlain(const Cell& cell) {
  return IsPlain(cell.rule.value()) && IsPlain(cell.metric.value()) &&
         IsPlain(cell.zone.value()) && IsPlain(cell.unit) && IsPlain(cell.resolution) &&
         std::ranges::all_of(cell.stats, [](const std::string& stat) { return IsPlain(stat); });
}

// What has to be true of every part, whatever the log says. "" or what is not.
std::string Misshapen(const AnswerPart& part) {
  if (part.query.size() != kQueryHashBytes) return "its query hash has a wrong size";
  if (!IsCode(part.code)) return "its code is no code";
  if (part.at.time_since_epoch().count() < 0 || part.at.time_since_epoch().count() >= kMillisEnd) {
    return "its time is out of range";
  }
  if (!IsDocumentId(part.commons)) return "its commons is no name";
  if (!std::ranges::all_of(part.rules, IsDocumentId)) return "a rule is no name";
  if (part.part >= limits::kAnswerPartsMax) return "it has too many parts";
  if (part.code != kAnswerOk && !part.sheets.empty()) return "it refuses and carries cells";
  for (const AnswerSheet& sheet : part.sheets) {
    if (sheet.cells.empty()) return "a sheet has no cells";
    for (std::size_t i = 0; i < sheet.cells.size(); ++i) {
      if (sheet.cells[i].nonce.size() != kCellNonceBytes) return "a nonce has a wrong size";
      if (i > 0 && sheet.cells[i].position <= sheet.cells[i - 1].position) {
        return "the positions of a sheet's cells do not ascend";
      }
    }
  }
  return {};
}

Status NoAnswer(std::string_view why) { return InvalidArgument("BAD_ANSWER: %s", why); }

// The envelope of an answer, its signatures not looked at.
StatusOr<crypto::Envelope> ParseAnswer(std::string_view bytes) {
  StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(bytes);
  if (!envelope.ok()) return NoAnswer(Message(envelope.status()));
  if (envelope->payload_type != crypto::kAnswerType) return NoAnswer("its payload is no answer");
  return envelope;
}

StatusOr<wire::Answer> ParseWire(std::string_view payload) {
  wire::Answer in;
  // An envelope is far below what an int counts.
  if (!in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return NoAnswer("not a protobuf commons.v1.Answer");
  }
  if (in.schema() != kSchema) return NoAnswer(Format("its schema is %d", in.schema()));
  return in;
}

StatusOr<AnswerPart> Decode(std::string_view payload) {
  ASSIGN_OR_RETURN(const wire::Answer in, ParseWire(payload));
  AnswerPart part = FromWire(in);
  if (const std::string why = Misshapen(part); !why.empty()) return NoAnswer(why);
  // Unknown fields and other spellings show up here.
  if (Encode(part) != payload) return NoAnswer("not the bytes that a gateway writes");
  return part;
}

StatusOr<AnswerPart> OpenAnswer(std::string_view bytes, const GatewayKeys& keys,
                                std::string_view query) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, ParseAnswer(bytes));
  // One signature, under its own key id: an answer has one spelling, down to the last bit.
  if (envelope.signatures.size() != 1 ||
      envelope.signatures[0].keyid != crypto::KeyId(keys.sign) ||
      crypto::ValidSigners(envelope, std::span(&keys.sign, 1)).empty()) {
    return PermissionDenied("BAD_SIGNATURE: not signed by the key of gateway \"%s\"",
                            keys.gateway.value());
  }
  ASSIGN_OR_RETURN(AnswerPart part, Decode(envelope.payload));
  if (part.gateway != keys.gateway) {
    return PermissionDenied("BAD_SIGNATURE: signed by gateway \"%s\" in the name of another",
                            keys.gateway.value());
  }
  if (part.query != query) {
    return FailedPrecondition("WRONG_QUESTION: gateway \"%s\" signed it for another question",
                              keys.gateway.value());
  }
  return part;
}

// Everything that a part proves is proven against one log, by one signature key.
class LogCheck {
 public:
  LogCheck(const AnswerPart& part, const GatewayKeys& keys, std::span<const std::string> stewards)
      : part_(part),
        key_{LogOrigin(part.commons, part.gateway.value(), part.replay), NoteKeyType::kLog,
             keys.log},
        leaf_id_(GatewayLeafId(part.commons, part.gateway.value())),
        stewards_(stewards) {}

  // Appends the sheet's cells to `cells`, or returns DataLoss.
  Status Take(const AnswerSheet& sheet, std::vector<VerifiedCell>& cells) {
    ASSIGN_OR_RETURN(const uint64_t release, CheckLogged(sheet.release));
    // Ascending, so that no sheet and therefore no cell comes twice.
    if (last_release_ && release <= *last_release_) return BadProof("its sheets do not ascend");
    last_release_ = release;
    ASSIGN_OR_RETURN(const ReleaseLeaf leaf, DecodeReleaseLeaf(sheet.release.entry));
    if (leaf.gateway_id16 != leaf_id_) return BadProof("an entry of another gateway");
    const std::size_t first = cells.size();
    for (const AnswerCell& cell : sheet.cells) {
      ASSIGN_OR_RETURN(VerifiedCell verified, CheckCell(cell, leaf));
      cells.push_back(std::move(verified));
    }
    for (const LoggedEntry& retraction : sheet.retractions) {
      RETURN_IF_ERROR(TakeRetraction(retraction, release, sheet, std::span(cells).subspan(first)));
    }
    return OkStatus();
  }

  const Checkpoint& newest() const { return newest_; }

 private:
  static Status BadProof(std::string_view why) { return DataLoss("%s", why); }

  // Returns the entry's index.
  StatusOr<uint64_t> CheckLogged(const LoggedEntry& logged) {
    ASSIGN_OR_RETURN(const Checkpoint checkpoint, VerifyLogged(logged.entry, logged.proof, key_));
    ASSIGN_OR_RETURN(const TlogProof proof, ParseTlogProof(logged.proof));
    if (checkpoint.size == newest_.size && checkpoint.root != newest_.root) {
      return BadProof("the log has two roots of one size");
    }
    if (checkpoint.size > newest_.size) newest_ = checkpoint;
    return proof.index;
  }

  StatusOr<VerifiedCell> CheckCell(const AnswerCell& in, const ReleaseLeaf& leaf) const {
    if (in.position >= leaf.cells.size()) return BadProof("a position beyond its sheet");
    const ReleaseEntry& entry = leaf.cells[in.position];
    if (CommitCell(in.nonce, in.bytes) != entry.commitment) {
      return BadProof("a cell or its nonce is not the one that was logged");
    }
    ASSIGN_OR_RETURN(Cell cell, DecodeCell(in.bytes));
    if (cell.commons != part_.commons || cell.gateway != part_.gateway ||
        cell.replay != part_.replay || cell.rule != entry.rule ||
        cell.window.start != entry.start || cell.metric != leaf.metric ||
        cell.zone != leaf.zone || cell.policy_version != leaf.policy_version ||
        cell.status == CellStatus::kPending) {
      return BadProof("a cell that its entry in the log contradicts");
    }
    if (!IsPlain(cell)) return BadProof("a cell with control characters");
    return VerifiedCell{std::move(cell), in.bytes, {}};
  }

  // `cells` are those of `sheet`, in its order.
  Status TakeRetraction(const LoggedEntry& logged, uint64_t release, const AnswerSheet& sheet,
                        std::span<VerifiedCell> cells) {
    RETURN_IF_ERROR(CheckLogged(logged).status());
    ASSIGN_OR_RETURN(const RetractionLeaf leaf, DecodeRetractionLeaf(logged.entry));
    if (leaf.gateway_id16 != leaf_id_) return BadProof("a retraction of another gateway");
    const auto found = std::ranges::find(sheet.cells, leaf.position, &AnswerCell::position);
    if (leaf.release != release || found == sheet.cells.end()) {
      return BadProof("a retraction of a cell that is not here");
    }
    VerifiedCell& cell = cells[static_cast<std::size_t>(found - sheet.cells.begin())];
    ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(leaf.envelope));
    ASSIGN_OR_RETURN(const std::string reason, ReasonOf(envelope, cell));
    // The gateway logged it, but only a steward's word makes a cell wrong.
    if (cell.retracted.empty() && !crypto::ValidSigners(envelope, stewards_).empty()) {
      cell.retracted = reason;
    }
    return OkStatus();
  }

  // The reason of a retraction, which must be of just this cell.
  StatusOr<std::string> ReasonOf(const crypto::Envelope& envelope,
                                 const VerifiedCell& verified) const {
    wire::Retraction in;
    if (envelope.payload_type != crypto::kRetractionType ||
        !in.ParseFromArray(envelope.payload.data(), static_cast<int>(envelope.payload.size()))) {
      return BadProof("a retraction that is none");
    }
    const Cell& cell = verified.cell;
    if (in.schema() != kSchema || in.commons() != cell.commons ||
        in.gateway() != cell.gateway.value() || in.rule() != cell.rule.value() ||
        in.zone() != cell.zone.value() ||
        in.start_s() != std::chrono::floor<std::chrono::seconds>(cell.window.start)
                            .time_since_epoch()
                            .count() ||
        in.cell_hash() != crypto::Blake2b256(verified.bytes)) {
      return BadProof("a retraction of another cell");
    }
    if (std::ranges::find(kRetractionReasons, in.reason()) == std::end(kRetractionReasons)) {
      return BadProof("a retraction without a known reason");
    }
    return in.reason();
  }

  const AnswerPart& part_;
  const NoteKey key_;
  const std::string leaf_id_;
  const std::span<const std::string> stewards_;
  std::optional<uint64_t> last_release_;
  Checkpoint newest_;
};

}  // namespace

std::string SignAnswer(const AnswerPart& part, const crypto::Signer& signer) {
  GW_CHECK(Misshapen(part).empty());
  crypto::Envelope envelope{std::string(crypto::kAnswerType), Encode(part), {}};
  crypto::SignEnvelope(envelope, signer);
  return crypto::SerializeEnvelope(envelope);
}

StatusOr<GatewayId> ClaimedGateway(std::string_view envelope) {
  ASSIGN_OR_RETURN(const crypto::Envelope parsed, ParseAnswer(envelope));
  ASSIGN_OR_RETURN(const wire::Answer in, ParseWire(parsed.payload));
  return GatewayId(in.gateway());
}

StatusOr<VerifiedPart> VerifyAnswer(std::string_view envelope, const GatewayKeys& keys,
                                    std::string_view query,
                                    std::span<const std::string> stewards) {
  VerifiedPart verified;
  ASSIGN_OR_RETURN(verified.part, OpenAnswer(envelope, keys, query));
  LogCheck log(verified.part, keys, stewards);
  for (const AnswerSheet& sheet : verified.part.sheets) {
    if (const Status status = log.Take(sheet, verified.cells); !status.ok()) {
      // Whatever kept it from verifying, and however that is called where it was found.
      return DataLoss("BAD_PROOF: gateway \"%s\": %s", keys.gateway.value(), Message(status));
    }
  }
  verified.part.sheets.clear();
  verified.log_size = log.newest().size;
  verified.log_root = log.newest().root;
  return verified;
}

}  // namespace gateway::proof
