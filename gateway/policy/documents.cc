#include "gateway/policy/documents.h"

#include <optional>
#include <utility>

#include "gateway/crypto/dsse.h"
#include "gateway/model/time.h"
#include "gateway/policy/verify.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

static_assert(yaml::kYamlBytesMax < crypto::kEnvelopeBytesMax);

constexpr DocumentKind kKinds[] = {DocumentKind::kCharter, DocumentKind::kPolicy,
                                   DocumentKind::kRoster};

// The envelopes, sorted by kind.
struct Incoming {
  std::optional<crypto::Envelope> charter, policy, roster;

  std::optional<crypto::Envelope>& operator[](DocumentKind kind) {
    return kind == DocumentKind::kCharter  ? charter
           : kind == DocumentKind::kPolicy ? policy
                                           : roster;
  }
};

StatusOr<Incoming> SortByKind(std::span<const std::string> envelopes) {
  Incoming incoming;
  for (const std::string& bytes : envelopes) {
    ASSIGN_OR_RETURN(crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
    ASSIGN_OR_RETURN(const DocumentKind kind, KindOfEnvelope(envelope));
    if (incoming[kind]) {
      return InvalidArgument("%s: given twice; give one", DocumentKindName(kind));
    }
    incoming[kind] = std::move(envelope);
  }
  return incoming;
}

Status Missing(DocumentKind kind) {
  return FailedPrecondition("%s: missing; activate charter, policy and roster together",
                            DocumentKindName(kind));
}

// A first charter is signed by its own stewards: whoever installs the gateway vouches for it.
// Every later one needs the old stewards, then the new ones.
Status TakeCharter(const std::optional<crypto::Envelope>& envelope, const std::string& stored,
                   Activation& result) {
  std::optional<Charter> old;
  if (!stored.empty()) {
    ASSIGN_OR_RETURN(old, ParseCharter(stored));
  }
  if (!envelope) {
    if (!old) return Missing(DocumentKind::kCharter);
    result.documents.charter = *std::move(old);
    return OkStatus();
  }
  if (old && envelope->payload != stored) {
    RETURN_IF_ERROR(
        CheckSigners(*envelope, *old, old->charter, "charter, by the one in force").status());
  }
  StatusOr<Charter> charter = ParseCharter(envelope->payload);
  if (!charter.ok()) return Annotate(charter.status(), "charter");
  ASSIGN_OR_RETURN(std::vector<std::string> signers,
                   CheckSigners(*envelope, *charter, charter->charter, "charter"));
  if (old) {
    RETURN_IF_ERROR(
        CheckSuccession(LinkOf(*charter, envelope->payload), LinkOf(*old, stored), "charter"));
  }
  result.accepted.push_back(Describe(DocumentKind::kCharter, charter->version, envelope->payload,
                                     std::move(signers)));
  result.documents.charter = *std::move(charter);
  return OkStatus();
}

// Policy or roster: signed by their role of the charter that will be in force.
template <typename Document>
Status TakeDocument(DocumentKind kind, const std::optional<crypto::Envelope>& envelope,
                    const std::string& stored, const Role& role,
                    StatusOr<Document> (*parse)(std::string_view), Document& document,
                    Activation& result) {
  const std::string_view what = DocumentKindName(kind);
  const Charter& charter = result.documents.charter;
  std::optional<Document> old;
  if (!stored.empty()) {
    ASSIGN_OR_RETURN(old, parse(stored));
  }
  if (!envelope) {
    if (!old) return Missing(kind);
    document = *std::move(old);
    return OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> signers,
                   CheckSigners(*envelope, charter, role, what));
  StatusOr<Document> parsed = parse(envelope->payload);
  if (!parsed.ok()) return Annotate(parsed.status(), what);
  if (parsed->commons != charter.commons) {
    return FailedPrecondition("%s: is of commons \"%s\", the charter's is \"%s\"", what,
                              parsed->commons, charter.commons);
  }
  if (old) {
    RETURN_IF_ERROR(
        CheckSuccession(LinkOf(*parsed, envelope->payload), LinkOf(*old, stored), what));
  }
  result.accepted.push_back(
      Describe(kind, parsed->version, envelope->payload, std::move(signers)));
  document = *std::move(parsed);
  return OkStatus();
}

Status CheckDates(const Documents& documents, Time now) {
  RETURN_IF_ERROR(CheckUnexpired("charter", documents.charter.expires, now));
  RETURN_IF_ERROR(CheckUnexpired("policy", documents.policy.expires, now));
  RETURN_IF_ERROR(CheckUnexpired("roster", documents.roster.expires, now));
  if (documents.policy.activates > now) {
    return FailedPrecondition("policy: activates at %s, and it is %s; try again then",
                              FormatTime(documents.policy.activates), FormatTime(now));
  }
  return OkStatus();
}

}  // namespace

std::string_view DocumentKindName(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kCharter:
      return "charter";
    case DocumentKind::kPolicy:
      return "policy";
    case DocumentKind::kRoster:
      return "roster";
  }
  return "";
}

std::string_view PayloadTypeOf(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kCharter:
      return crypto::kCharterType;
    case DocumentKind::kPolicy:
      return crypto::kPolicyType;
    case DocumentKind::kRoster:
      return crypto::kRosterType;
  }
  return "";
}

StatusOr<DocumentKind> DetectKind(std::string_view yaml) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(yaml));
  Status error;
  yaml::Fields fields(root, "document", error);
  const std::size_t index =
      fields.OneOf("schema", {"commons-charter/1", "commons-policy/1", "commons-roster/1"});
  RETURN_IF_ERROR(error);
  return kKinds[index];
}

StatusOr<Activation> VerifyDocuments(std::span<const std::string> envelopes,
                                     const StoredDocuments& stored, Time now) {
  ASSIGN_OR_RETURN(const Incoming incoming, SortByKind(envelopes));
  Activation result;
  RETURN_IF_ERROR(TakeCharter(incoming.charter, stored.charter, result));
  const Charter& charter = result.documents.charter;
  RETURN_IF_ERROR(TakeDocument(DocumentKind::kPolicy, incoming.policy, stored.policy,
                               charter.policy, ParsePolicy, result.documents.policy, result));
  RETURN_IF_ERROR(TakeDocument(DocumentKind::kRoster, incoming.roster, stored.roster,
                               charter.roster, ParseRoster, result.documents.roster, result));
  RETURN_IF_ERROR(CheckDates(result.documents, now));
  RETURN_IF_ERROR(CheckLint(result.documents, result.warnings));
  return result;
}

StatusOr<Membership> VerifyMembership(const std::string& charter, const std::string& roster,
                                      Time now) {
  const std::string envelopes[] = {charter, roster};
  ASSIGN_OR_RETURN(const Incoming incoming, SortByKind(envelopes));
  if (!incoming.charter) return InvalidArgument("charter: the file holds another document");
  if (!incoming.roster) return InvalidArgument("roster: the file holds another document");
  Activation result;
  RETURN_IF_ERROR(TakeCharter(incoming.charter, "", result));
  Documents& documents = result.documents;
  RETURN_IF_ERROR(TakeDocument(DocumentKind::kRoster, incoming.roster, "", documents.charter.roster,
                               ParseRoster, documents.roster, result));
  RETURN_IF_ERROR(CheckUnexpired("charter", documents.charter.expires, now));
  RETURN_IF_ERROR(CheckUnexpired("roster", documents.roster.expires, now));
  return Membership{std::move(documents.charter), std::move(documents.roster)};
}

StatusOr<Charter> VerifyCharter(const std::string& envelope) {
  ASSIGN_OR_RETURN(const Incoming incoming, SortByKind(std::span(&envelope, 1)));
  if (!incoming.charter) return InvalidArgument("charter: the file holds another document");
  Activation result;
  RETURN_IF_ERROR(TakeCharter(incoming.charter, "", result));
  return std::move(result.documents.charter);
}

bool Serve(const Documents& documents, Time now) {
  const Millis grace = documents.charter.grace;
  return now >= documents.policy.activates && now < documents.policy.expires + grace &&
         now < documents.roster.expires + grace && now < documents.charter.expires + grace;
}

StatusOr<Documents> ParseStored(const StoredDocuments& stored) {
  Documents documents;
  ASSIGN_OR_RETURN(documents.charter, ParseCharter(stored.charter));
  ASSIGN_OR_RETURN(documents.policy, ParsePolicy(stored.policy));
  ASSIGN_OR_RETURN(documents.roster, ParseRoster(stored.roster));
  return documents;
}

}  // namespace gateway::policy
