#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/cli/policy_profiles.h"
#include "gateway/crypto/dsse.h"
#include "gateway/ingest/profile.h"
#include "gateway/policy/documents.h"

namespace gateway::cli {
namespace {

using policy::DocumentKind;
using Stub = Client::Stub;

struct Args {
  std::vector<std::string> files, keys;
  std::string out;
};

bool IsEnvelope(const std::string& path) { return path.ends_with(".dsse"); }

struct Parsed {
  std::optional<policy::Charter> charter;
  std::optional<policy::Policy> policy;
  std::optional<policy::Roster> roster;
};

template <typename T>
StatusOr<uint64_t> Take(StatusOr<T> document, std::optional<T>& place) {
  if (!document.ok()) return document.status();
  if (place.has_value()) return InvalidArgument("a second document of its kind");
  const uint64_t version = document->version;
  place = *std::move(document);
  return version;
}

// Parses the payload into its place in `parsed` and describes it.
StatusOr<std::vector<Value>> CheckOne(const std::string& path, Parsed& parsed) {
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, ReadDocument(path));
  const auto kind = policy::DetectKind(envelope.payload);
  if (!kind.ok()) return Annotate(kind.status(), path);
  if (envelope.payload_type != policy::PayloadTypeOf(*kind)) {
    return InvalidArgument("%s: signed as %s, but the text is a %s", path, envelope.payload_type,
                           policy::DocumentKindName(*kind));
  }
  StatusOr<uint64_t> version = uint64_t{0};
  switch (*kind) {
    case DocumentKind::kCharter:
      version = Take(policy::ParseCharter(envelope.payload), parsed.charter);
      break;
    case DocumentKind::kPolicy:
      version = Take(policy::ParsePolicy(envelope.payload), parsed.policy);
      break;
    case DocumentKind::kRoster:
      version = Take(policy::ParseRoster(envelope.payload), parsed.roster);
      break;
  }
  if (!version.ok()) return Annotate(version.status(), path);
  return std::vector<Value>{path, std::string(policy::DocumentKindName(*kind)), *version,
                            uint64_t{envelope.signatures.size()}};
}

// A program without its profiles can still check the rest.
std::vector<policy::Finding> LintProfilesOf(const Parsed& parsed) {
  if (!parsed.policy) return {};
  const auto profiles = ingest::LoadInstalledProfiles();
  if (profiles.ok()) return LintProfiles(*parsed.policy, *profiles);
  std::cerr << "note: collect rules are not checked against profiles: "
            << Message(profiles.status()) << "\n";
  return {};
}

std::vector<policy::Finding> LintAll(const Parsed& parsed) {
  if (parsed.charter && parsed.policy && parsed.roster) {
    std::vector<policy::Finding> all =
        policy::Lint(*parsed.charter, *parsed.policy, *parsed.roster);
    std::ranges::move(policy::Advise(*parsed.policy, *parsed.roster), std::back_inserter(all));
    return all;
  }
  if (parsed.charter) return policy::LintCharter(*parsed.charter);
  return {};
}

Status Check(Context& context, const Args& args) {
  Parsed parsed;
  Table table{{"file", "document", "version", "signatures"}, {}};
  std::size_t refused = 0;
  for (const std::string& path : args.files) {
    auto row = CheckOne(path, parsed);
    if (row.ok()) {
      table.rows.push_back(*std::move(row));
    } else {
      ++refused;
      std::cerr << Message(row.status()) << "\n";
    }
  }
  std::vector<policy::Finding> findings = LintAll(parsed);
  std::ranges::move(LintProfilesOf(parsed), std::back_inserter(findings));
  for (const policy::Finding& finding : findings) {
    if (finding.refuses) ++refused;
    std::cerr << (finding.refuses ? "" : "warning: ") << policy::FormatFinding(finding) << "\n";
  }
  if (refused > 0) return InvalidArgument("check: %d errors", refused);
  if (!parsed.charter || !parsed.policy || !parsed.roster) {
    std::cerr << "note: only charter, policy and roster together are checked against each other\n";
  }
  context.Print(table);
  return OkStatus();
}

Status Sign(Context& context, const Args& args) {
  const std::string& file = args.files[0];
  ASSIGN_OR_RETURN(crypto::Envelope envelope, ReadDocument(file));
  // Nobody should put their name under a text that cannot take effect.
  Parsed parsed;
  RETURN_IF_ERROR(CheckOne(file, parsed).status());
  const std::string out =
      !args.out.empty() ? args.out : IsEnvelope(file) ? file : file + ".dsse";
  const auto existing = ReadFile(out, crypto::kEnvelopeBytesMax);
  if (existing.ok()) {
    auto signed_before = crypto::ParseEnvelope(*existing);
    if (!signed_before.ok()) return Annotate(signed_before.status(), out);
    if (signed_before->payload != envelope.payload ||
        signed_before->payload_type != envelope.payload_type) {
      return FailedPrecondition("%s: holds signatures of another text than %s; move it away", out,
                                file);
    }
    envelope.signatures = std::move(signed_before->signatures);
  } else if (existing.status().code() != StatusCode::kNotFound) {
    return existing.status();
  }
  for (const std::string& key : args.keys) {
    ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(key));
    crypto::SignEnvelope(envelope, signer);
  }
  RETURN_IF_ERROR(WriteFile(out, crypto::SerializeEnvelope(envelope), FileMode::kShared,
                            IfExists::kReplace));
  context.Print(Record{{"envelope", out}, {"signatures", uint64_t{envelope.signatures.size()}}});
  return OkStatus();
}

Status ShowWith(Context& context, Client& client, bool with_text) {
  ASSIGN_OR_RETURN(const auto reply,
                   client.Call(&Stub::ShowDocuments, commons::v1::ShowDocumentsRequest()));
  Table table{{"document", "version", "hash", "signers", "text"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.type(), uint64_t{row.version()}, HexEncode(row.hash()),
                          std::vector<std::string>(row.signers().begin(), row.signers().end()),
                          with_text ? Value(row.payload()) : Value()});
  }
  context.Print(table);
  return OkStatus();
}

Status Activate(Context& context, const Args& args) {
  commons::v1::ActivateDocumentsRequest request;
  for (const std::string& path : args.files) {
    ASSIGN_OR_RETURN(*request.add_envelopes(), ReadFile(path, crypto::kEnvelopeBytesMax));
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ActivateDocuments, request));
  for (const std::string& warning : reply.warnings()) std::cerr << "warning: " << warning << "\n";
  return ShowWith(context, *client, false);
}

Status Show(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  return ShowWith(context, *client, context.format != "table");
}

}  // namespace

StatusOr<crypto::Envelope> ReadDocument(const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, crypto::kEnvelopeBytesMax));
  if (IsEnvelope(path)) {
    auto envelope = crypto::ParseEnvelope(bytes);
    if (!envelope.ok()) return Annotate(envelope.status(), path);
    return envelope;
  }
  const auto kind = policy::DetectKind(bytes);
  if (!kind.ok()) return Annotate(kind.status(), path);
  crypto::Envelope envelope;
  envelope.payload_type = policy::PayloadTypeOf(*kind);
  envelope.payload = std::move(bytes);
  return envelope;
}

void RegisterPolicy(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "policy", "Charter, policy and roster: check, sign, activate",
                           "commons policy check charter.yaml policy.yaml roster.yaml");
  auto args = std::make_shared<Args>();

  RegisterPolicySimulate(*noun, context);
  CLI::App* check = AddVerb(
      *noun, "check", "Parse documents and lint them together; needs no daemon",
      {"commons policy check charter.yaml policy.yaml roster.yaml"}, context,
      [&context, args] { return Check(context, *args); });
  check->add_option("FILE", args->files, "YAML, or signed (.dsse)")->required();

  CLI::App* sign = AddVerb(
      *noun, "sign", "Sign a document, or add a signature; needs no daemon",
      {"commons policy sign policy.yaml --key ada.key ben.key --out policy.dsse"}, context,
      [&context, args] { return Sign(context, *args); });
  sign->add_option("FILE", args->files, "the YAML text, or its .dsse")->required()->expected(1);
  sign->add_option("--key", args->keys, "stewards' key files")->required();
  sign->add_option("--out", args->out, "default: FILE.dsse; signatures in it are kept");

  CLI::App* activate = AddVerb(
      *noun, "activate", "Hand in signed documents that are to take effect now",
      {"commons policy activate charter.dsse policy.dsse roster.dsse"}, context,
      [&context, args] { return Activate(context, *args); });
  activate->add_option("FILE", args->files, "signed documents, in any order")->required();

  RegisterPolicyLifecycle(*noun, context);

  AddVerb(*noun, "show", "The documents in force; json and csv include their texts",
          {"commons policy show --format json"}, context, [&context] { return Show(context); });

  RegisterPolicyFmt(*noun, context);
  RegisterPolicyCases(*noun, context);
  RegisterPolicyExplain(*noun, context);
  RegisterPolicyCompare(*noun, context);
  RegisterPolicyProse(*noun, context);
}

}  // namespace gateway::cli
