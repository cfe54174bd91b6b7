#include "gateway/policy/lifecycle.h"

#include <algorithm>
#include <utility>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"
#include "gateway/policy/verify.h"

namespace gateway::policy {
namespace {

// One link of a chain, verified.
struct Step {
  DocumentKind kind = DocumentKind::kPolicy;
  std::string payload;
  Documents after;
  uint64_t version = 0;
  Time activates, expires;  // its own
  std::vector<SignatureCount> counts;
  bool by_assembly = false;
  Millis assembly_notice{0};  // if by_assembly
  std::vector<Finding> warnings;
};

uint32_t QuorumOf(uint32_t pct, uint32_t households) {
  return static_cast<uint32_t>((uint64_t{pct} * households + 99) / 100);
}
bool Reaches(uint32_t voices, uint32_t pct, uint32_t households) {
  return voices > 0 && uint64_t{voices} * 100 >= uint64_t{pct} * households;
}

bool TightensOnly(Order order) { return order == Order::kTighter || order == Order::kEqual; }

// The ids that a new charter no longer entrenches.
std::vector<std::string> Unentrenched(const Charter& before, const Charter& after) {
  std::vector<std::string> ids;
  for (const std::string& id : before.entrenched) {
    if (std::ranges::find(after.entrenched, id) == after.entrenched.end()) ids.push_back(id);
  }
  return ids;
}

// A change of one kind, from what is in force to the end of the chain.
struct Change {
  Comparison comparison;
  std::vector<std::string> entrenched;
  bool rotation = false;
  bool loosens = false;  // needs a notice; cannot take effect beside an expired document
  Millis notice{0};
};

Change ChangeOf(DocumentKind kind, const Documents& before, const Documents& after) {
  const Delays& delays = before.charter.delays;
  Change change;
  if (kind == DocumentKind::kCharter) {
    change.rotation = IsRotation(before.charter, after.charter);
    change.entrenched = Unentrenched(before.charter, after.charter);
    change.loosens = !change.rotation;
    if (change.rotation) return change;
    change.notice = delays.charter;
    if (!change.entrenched.empty() || after.charter.delays.entrenched < delays.entrenched) {
      change.notice = std::max(change.notice, delays.entrenched);
    }
  }
  if (kind == DocumentKind::kPolicy) {
    change.comparison = Compare(before, after);
    change.entrenched = EntrenchedTouched(before, after);
    change.loosens = !TightensOnly(change.comparison.order) || !change.entrenched.empty();
    if (change.comparison.order == Order::kLooser) change.notice = delays.looser;
    if (change.comparison.order == Order::kIncomparable) change.notice = delays.incomparable;
    if (!change.entrenched.empty()) change.notice = std::max(change.notice, delays.entrenched);
  }
  return change;
}

bool Objected(const Charter& charter, const Voices& voices) {
  return charter.objection.has_value() &&
         Reaches(voices.objecting, charter.objection->quorum_pct, voices.households);
}

// The next link of a chain, with its own signatures.
class Verifier {
 public:
  Verifier(const Documents& before, const StoredDocuments& stored, const Voices& voices)
      : before_(before), stored_(stored), voices_(voices) {}

  StatusOr<Step> Verify(const std::string& bytes) {
    ASSIGN_OR_RETURN(envelope_, crypto::ParseEnvelope(bytes));
    ASSIGN_OR_RETURN(step_.kind, KindOfEnvelope(envelope_));
    step_.payload = envelope_.payload;
    step_.after = before_;
    RETURN_IF_ERROR(step_.kind == DocumentKind::kCharter ? TakeCharter()
                    : step_.kind == DocumentKind::kPolicy
                        ? Take("policy", before_.charter.policy, stored_.policy, ParsePolicy,
                               step_.after.policy)
                        : Take("roster", before_.charter.roster, stored_.roster, ParseRoster,
                               step_.after.roster));
    RETURN_IF_ERROR(CheckLint(step_.after, step_.warnings));
    RETURN_IF_ERROR(CountSignatures());
    return std::move(step_);
  }

 private:
  std::vector<std::string> Signers(const Charter& charter, const Role& role) const {
    return SignersOf(envelope_, charter, role, voices_.retired);
  }

  template <typename Document>
  Status Take(std::string_view what, const Role& role, const std::string& stored,
              StatusOr<Document> (*parse)(std::string_view), Document& document) {
    if (Signers(before_.charter, role).empty()) return Unsigned(what, role);
    StatusOr<Document> parsed = parse(envelope_.payload);
    if (!parsed.ok()) return Annotate(parsed.status(), what);
    RETURN_IF_ERROR(Follows(LinkOf(*parsed, envelope_.payload), LinkOf(document, stored), what));
    document = *std::move(parsed);
    step_.version = document.version;
    step_.expires = document.expires;
    return OkStatus();
  }

  // Parsed before its signatures are known to be anybody's if an assembly may bring it: by its own
  // stewards then, as a first charter is.
  Status TakeCharter() {
    const Charter& old = before_.charter;
    const bool by_old = !Signers(old, old.charter).empty();
    if (!by_old && !old.assembly.has_value()) return Unsigned("charter", old.charter);
    StatusOr<Charter> parsed = ParseCharter(envelope_.payload);
    if (!parsed.ok()) return Annotate(parsed.status(), "charter");
    if (!by_old && Signers(*parsed, parsed->charter).empty()) {
      return Unsigned("charter", parsed->charter);
    }
    RETURN_IF_ERROR(
        Follows(LinkOf(*parsed, envelope_.payload), LinkOf(old, stored_.charter), "charter"));
    step_.after.charter = *std::move(parsed);
    step_.version = step_.after.charter.version;
    step_.expires = step_.after.charter.expires;
    return OkStatus();
  }

  static Status Unsigned(std::string_view what, const Role& role) {
    return PermissionDenied("%s: no valid signature of its role; may sign: %s", what,
                            JoinNames(role.keys));
  }

  static Status Follows(const Link& next, const Link& stored, std::string_view what) {
    RETURN_IF_ERROR(CheckSuccession(next, stored, what));
    if (next.version > stored.version) return OkStatus();
    return FailedPrecondition("%s: version %d is in force already", what, next.version);
  }

  // Of one role of a charter. Returns as CheckAttainable does.
  Status Count(std::string name, const Charter& charter, const Role& role, uint32_t needed) {
    RETURN_IF_ERROR(CheckAttainable(charter, role, needed, voices_.retired, name));
    step_.counts.push_back({std::move(name), Signers(charter, role), needed});
    return OkStatus();
  }

  Status CountSignatures() {
    const Charter& charter = before_.charter;
    const Change change = ChangeOf(step_.kind, before_, step_.after);
    const bool objected = change.loosens && Objected(charter, voices_);
    const auto raised = [&](uint32_t threshold) {
      return objected ? std::max(threshold, charter.objection->threshold) : threshold;
    };
    if (step_.kind == DocumentKind::kRoster) {
      return Count("roster", charter, charter.roster, charter.roster.threshold);
    }
    if (step_.kind == DocumentKind::kPolicy) {
      // Rules that last longer permit more, though no single request shows it.
      const bool easy = TightensOnly(change.comparison.order) && change.entrenched.empty() &&
                        step_.after.policy.expires <= before_.policy.expires;
      RETURN_IF_ERROR(Count("policy", charter, charter.policy,
                            easy ? charter.policy.tighten : raised(charter.policy.threshold)));
      step_.activates = step_.after.policy.activates;
      if (change.entrenched.empty()) return OkStatus();
      return Count("charter", charter, charter.charter, charter.charter.threshold);
    }
    return CountCharter(raised(charter.charter.threshold));
  }

  // A charter role that is frozen, or whose signatures are missing, only the residents can replace.
  Status CountCharter(uint32_t needed) {
    const Charter& old = before_.charter;
    const bool approved =
        old.assembly.has_value() &&
        Reaches(voices_.approving, old.assembly->quorum_pct, voices_.households);
    Status by_old = Count("charter in force", old, old.charter, needed);
    if (!by_old.ok() && !old.assembly.has_value()) return by_old;
    if (!by_old.ok()) {
      step_.counts.push_back({"charter in force", Signers(old, old.charter), needed});
    }
    step_.by_assembly = approved && !step_.counts.back().met();
    if (step_.by_assembly) {
      step_.counts.pop_back();
      step_.assembly_notice = old.assembly->notice;
    }
    const Charter& next = step_.after.charter;
    return Count("new charter", next, next.charter, next.charter.threshold);
  }

  const Documents& before_;
  const StoredDocuments& stored_;
  const Voices& voices_;
  crypto::Envelope envelope_;
  Step step_;
};

std::string& PayloadOf(StoredDocuments& stored, DocumentKind kind) {
  return kind == DocumentKind::kCharter  ? stored.charter
         : kind == DocumentKind::kPolicy ? stored.policy
                                         : stored.roster;
}

std::string MissingSignatures(const std::vector<SignatureCount>& counts) {
  std::string all;
  for (const SignatureCount& count : counts) {
    if (count.met()) continue;
    all += Format("%s%s: %d of %d signatures (%s)", all.empty() ? "" : "; ", count.role,
                  count.signers.size(), count.needed, JoinNames(count.signers));
  }
  return all;
}

// What of the documents in force has expired at `now`; "" if nothing has.
std::string_view ExpiredPart(const Documents& documents, Time now, Millis grace = Millis(0)) {
  if (now >= documents.charter.expires + grace) return "charter";
  if (now >= documents.policy.expires + grace) return "policy";
  if (now >= documents.roster.expires + grace) return "roster";
  return "";
}

// What keeps a change from taking effect beside the documents in force, however long it waits.
std::string BlockedBy(const Step& step, const Change& change, const Documents& before, Time now) {
  if (step.kind != DocumentKind::kCharter &&
      now >= before.charter.expires + before.charter.grace) {
    return Format("a new charter: the one in force expired at %s",
                  FormatTime(before.charter.expires));
  }
  const std::string_view expired = ExpiredPart(before, now);
  if (expired.empty() || !change.loosens || step.by_assembly) return "";
  return Format("a renewal of the %s in force: it is expired, and until then nothing looser takes "
                "effect", expired);
}

// Stage, due time and what is waited for, of the last step of a chain.
Status Schedule(const Step& last, const Change& change, const Documents& before,
                const Voices& voices, Time now, Standing& standing) {
  const Charter& charter = before.charter;
  standing.by_assembly = last.by_assembly;
  standing.objected = change.loosens && !last.by_assembly && Objected(charter, voices);
  // What the charter of the version before asks for may be less than what is in force here asks for.
  standing.notice =
      last.by_assembly ? std::max(last.assembly_notice, change.notice) : change.notice;
  if (standing.objected) standing.notice += charter.objection->extra;
  standing.due = std::max(last.activates, standing.first_seen + standing.notice);
  if (last.expires <= std::max(now, standing.due)) {
    return FailedPrecondition("%s: version %d expires at %s, and can take effect at %s at the "
                              "earliest; sign one that expires later",
                              DocumentKindName(last.kind), last.version, FormatTime(last.expires),
                              FormatTime(std::max(now, standing.due)));
  }
  standing.waits_for = MissingSignatures(last.counts);
  if (!standing.waits_for.empty()) {
    standing.stage = standing.objected ? Stage::kObjected : Stage::kProposed;
    if (last.kind == DocumentKind::kCharter && charter.assembly.has_value()) {
      standing.waits_for +=
          Format("; or the approval of %d of %d households instead of the charter in force: %d so "
                 "far",
                 QuorumOf(charter.assembly->quorum_pct, voices.households), voices.households,
                 voices.approving);
    }
    return OkStatus();
  }
  standing.stage = Stage::kScheduled;
  standing.waits_for = BlockedBy(last, change, before, now);
  if (!standing.waits_for.empty()) return OkStatus();
  if (now < standing.due) {
    const bool own = last.activates == standing.due;
    standing.waits_for = Format("%s: %s", own ? "its own `activates`" : "its notice",
                                FormatTime(standing.due));
    return OkStatus();
  }
  standing.stage = Stage::kDue;
  return OkStatus();
}

struct Judged {
  Standing standing;
  Activation activation;
};

StatusOr<Judged> JudgeAll(std::span<const Proposal> chain, const StoredDocuments& stored,
                          const Voices& voices, Time now) {
  if (chain.empty()) return InvalidArgument("chain: no documents");
  ASSIGN_OR_RETURN(const Documents in_force, ParseStored(stored));
  Documents before = in_force;
  StoredDocuments texts = stored;
  Step last;
  // Residents speak about the last one; the others were in force elsewhere.
  const Voices no_residents{.retired = voices.retired};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool is_last = i + 1 == chain.size();
    ASSIGN_OR_RETURN(Step step, Verifier(before, texts, is_last ? voices : no_residents)
                                    .Verify(chain[i].envelope));
    if (i > 0 && step.kind != last.kind) {
      return InvalidArgument("chain: a %s among versions of the %s", DocumentKindName(step.kind),
                             DocumentKindName(last.kind));
    }
    if (const std::string missing = MissingSignatures(step.counts); !is_last && !missing.empty()) {
      return PermissionDenied("%s: version %d, on the way to the newest, lacks signatures: %s",
                              DocumentKindName(step.kind), step.version, missing);
    }
    PayloadOf(texts, step.kind) = step.payload;
    before = step.after;
    last = std::move(step);
  }
  Judged judged;
  Standing& standing = judged.standing;
  const Change change = ChangeOf(last.kind, in_force, last.after);
  // Residents object to the whole change, whatever its last version adds to the one before.
  if (change.loosens && !last.by_assembly && !last.counts.empty() &&
      Objected(in_force.charter, voices)) {
    uint32_t& needed = last.counts.front().needed;
    needed = std::max(needed, in_force.charter.objection->threshold);
  }
  standing.kind = last.kind;
  standing.version = last.version;
  standing.hash = crypto::Blake2b256(last.payload);
  standing.comparison = change.comparison;
  standing.entrenched = change.entrenched;
  standing.rotation = change.rotation;
  standing.first_seen = chain.back().first_seen;
  RETURN_IF_ERROR(Schedule(last, change, in_force, voices, now, standing));
  std::vector<std::string> signers;
  for (const SignatureCount& count : last.counts) {
    for (const std::string& signer : count.signers) {
      if (std::ranges::find(signers, signer) == signers.end()) signers.push_back(signer);
    }
  }
  standing.counts = std::move(last.counts);
  judged.activation.documents = std::move(last.after);
  judged.activation.accepted.push_back(
      Describe(last.kind, last.version, std::move(last.payload), std::move(signers)));
  judged.activation.warnings = std::move(last.warnings);
  return judged;
}

}  // namespace

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kProposed:
      return "proposed";
    case Stage::kObjected:
      return "objected";
    case Stage::kScheduled:
      return "scheduled";
    case Stage::kDue:
      return "due";
  }
  return "";
}

StatusOr<Standing> Judge(const Proposal& proposal, const StoredDocuments& stored,
                         const Voices& voices, Time now) {
  return JudgeChain(std::span(&proposal, 1), stored, voices, now);
}

StatusOr<Standing> JudgeChain(std::span<const Proposal> chain, const StoredDocuments& stored,
                              const Voices& voices, Time now) {
  ASSIGN_OR_RETURN(Judged judged, JudgeAll(chain, stored, voices, now));
  return std::move(judged.standing);
}

StatusOr<Activation> Enact(std::span<const Proposal> chain, const StoredDocuments& stored,
                           const Voices& voices, Time now) {
  ASSIGN_OR_RETURN(Judged judged, JudgeAll(chain, stored, voices, now));
  const Standing& standing = judged.standing;
  if (standing.stage == Stage::kDue) return std::move(judged.activation);
  return FailedPrecondition("%s: version %d waits for %s", DocumentKindName(standing.kind),
                            standing.version, standing.waits_for);
}

}  // namespace gateway::policy
