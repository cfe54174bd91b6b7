// How rules change, from the operator's side: what is proposed, who has said what, what waits.
#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/policy/retirement.h"
#include "gateway/policy/vote.h"

namespace gateway::cli {
namespace {

using policy::DocumentKind;
using Stub = Client::Stub;

constexpr std::size_t kHashBytes = 32;

struct Args {
  std::vector<std::string> files;
  std::string key, out, commons, at;
  std::string proposal, household;
};

std::vector<std::string> Copy(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

Table ChangeTable() {
  return {{"document", "version", "stage", "change", "first_seen", "takes_effect", "signatures",
           "waits_for", "objecting", "approving", "households", "differences", "hash"},
          {}};
}

void AddRow(Table& table, const commons::v1::ChangeRow& row) {
  table.rows.push_back(
      {row.type(), uint64_t{row.version()}, row.stage(), row.change(),
       FormatTime(TimeOf(row.first_seen_ms())),
       row.timed() ? Value(FormatTime(TimeOf(row.due_ms()))) : Value(), Copy(row.signatures()),
       row.waits_for(), uint64_t{row.objecting()}, uint64_t{row.approving()},
       uint64_t{row.households()}, Copy(row.differences()), HexEncode(row.hash())});
}

Status Propose(Context& context, const Args& args) {
  commons::v1::ProposeDocumentsRequest request;
  for (const std::string& path : args.files) {
    ASSIGN_OR_RETURN(*request.add_envelopes(), ReadFile(path, crypto::kEnvelopeBytesMax));
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::ProposeDocuments, request));
  for (const std::string& effect : reply.effects()) {
    std::cerr << effect << " has taken effect\n";
  }
  Table table = ChangeTable();
  for (const auto& row : reply.changes()) AddRow(table, row);
  context.Print(table);
  return OkStatus();
}

Status Retire(Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  Time at = RealClock().SystemNow();
  if (!args.at.empty()) {
    ASSIGN_OR_RETURN(at, ParseTime(args.at));
  }
  crypto::Envelope envelope{.payload_type = std::string(crypto::kRetirementType),
                            .payload = {},
                            .signatures = {}};
  ASSIGN_OR_RETURN(envelope.payload,
                   policy::BuildRetirement({args.commons, signer.public_key(), at}));
  crypto::SignEnvelope(envelope, signer);
  RETURN_IF_ERROR(WriteFile(args.out, crypto::SerializeEnvelope(envelope), FileMode::kShared,
                            IfExists::kRefuse));
  context.Print(
      Record{{"retirement", args.out}, {"key", crypto::FormatPublicKey(signer.public_key())}});
  return OkStatus();
}

// A proposal that the gateway keeps, by its file or its hash in hex.
StatusOr<commons::v1::ChangeRow> FindChange(const std::string& proposal,
                                            const commons::v1::ShowRulesReply& rules) {
  std::string hash;
  if (const auto decoded = HexDecode(proposal); decoded.ok() && decoded->size() == kHashBytes) {
    hash = *decoded;
  } else {
    ASSIGN_OR_RETURN(std::string bytes, ReadFile(proposal, crypto::kEnvelopeBytesMax));
    if (proposal.ends_with(".dsse")) {
      const auto envelope = crypto::ParseEnvelope(bytes);
      if (!envelope.ok()) return Annotate(envelope.status(), proposal);
      bytes = envelope->payload;
    }
    hash = crypto::Blake2b256(bytes);
  }
  for (const auto& row : rules.changes()) {
    if (row.hash() == hash) return row;
  }
  return NotFound("%s: no such proposal; `commons policy status` shows those there are", proposal);
}

Status Vote(Context& context, const Args& args, policy::Choice choice) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto rules,
                   client->Call(&Stub::ShowRules, commons::v1::ShowRulesRequest()));
  ASSIGN_OR_RETURN(const commons::v1::ChangeRow change, FindChange(args.proposal, rules));
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  ASSIGN_OR_RETURN(const auto households,
                   client->Call(&Stub::ListHouseholds, commons::v1::ListHouseholdsRequest()));
  std::optional<SubjectId> subject;
  for (const auto& row : households.rows()) {
    if (row.household() == args.household && row.subject().size() == SubjectId::kBytes) {
      subject = SubjectId::FromBytes(row.subject());
    }
  }
  if (!subject.has_value()) {
    return NotFound("no such household; `commons household list` shows those there are");
  }
  const policy::Vote vote{.commons = status.commons(),
                          .kind = change.type() == "charter"  ? DocumentKind::kCharter
                                  : change.type() == "policy" ? DocumentKind::kPolicy
                                                              : DocumentKind::kRoster,
                          .document = change.hash(),
                          .choice = choice,
                          .subject = *subject,
                          .voter_pk = signer.public_key(),
                          .at = TimeOf(status.now_ms())};
  crypto::Envelope envelope{
      .payload_type = std::string(crypto::kVoteType), .payload = {}, .signatures = {}};
  ASSIGN_OR_RETURN(envelope.payload, policy::BuildVote(vote));
  crypto::SignEnvelope(envelope, signer);
  commons::v1::CastVoteRequest request;
  request.set_household(args.household);
  request.set_envelope(crypto::SerializeEnvelope(envelope));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::CastVote, request));
  Table table = ChangeTable();
  AddRow(table, reply.change());
  context.Print(table);
  return OkStatus();
}

Status ShowStatus(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto rules,
                   client->Call(&Stub::ShowRules, commons::v1::ShowRulesRequest()));
  Table in_force{{"document", "version", "expires", "serves_until", "signers", "hash"}, {}};
  for (const auto& row : rules.documents()) {
    in_force.rows.push_back({row.type(), uint64_t{row.version()},
                             FormatTime(TimeOf(row.expires_ms())),
                             FormatTime(TimeOf(row.serves_until_ms())), Copy(row.signers()),
                             HexEncode(row.hash())});
  }
  Table proposed = ChangeTable();
  for (const auto& row : rules.changes()) AddRow(proposed, row);
  NamedTables tables{{"in_force", std::move(in_force)}, {"proposed", std::move(proposed)}};
  if (rules.retired_size() > 0) {
    Table retired{{"key"}, {}};
    for (const std::string& key : rules.retired()) retired.rows.push_back({key});
    tables.emplace_back("retired_keys", std::move(retired));
  }
  context.Print(tables);
  return OkStatus();
}

void RegisterVote(CLI::App& noun, Context& context, const std::shared_ptr<Args>& args,
                  policy::Choice choice, const std::string& description,
                  std::string_view example) {
  CLI::App* verb =
      AddVerb(noun, std::string(policy::ChoiceName(choice)), description, {example}, context,
              [&context, args, choice] { return Vote(context, *args, choice); });
  verb->add_option("PROPOSAL", args->proposal, "its hash, or its file")->required();
  verb->add_option("--household", args->household, "the household")->required();
  verb->add_option("--key", args->key, "the key file of an adult of it")->required();
}

}  // namespace

void RegisterPolicyLifecycle(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* propose = AddVerb(
      noun, "propose", "Hand in signed documents; they take effect when they may",
      {"commons policy propose policy-2.yaml.dsse"}, context,
      [&context, args] { return Propose(context, *args); });
  propose->add_option("FILE", args->files,
                      "signed documents, more signatures, or retirements; in any order")
      ->required();

  CLI::App* retire = AddVerb(
      noun, "retire", "Retire your own steward's key, for ever; needs no daemon",
      {"commons policy retire --key ana.key --commons riverside --out ana-retired.dsse"}, context,
      [&context, args] { return Retire(context, *args); });
  retire->add_option("--key", args->key, "the key file that is retired")->required();
  retire->add_option("--commons", args->commons, "the commons it was a steward's of")
      ->required()
      ->check(CheckDocumentId);
  retire->add_option("--out", args->out, "for `commons policy propose` at every gateway")
      ->required();
  retire->add_option("--at", args->at, "instead of now")->check(CheckTime);

  RegisterVote(noun, context, args, policy::Choice::kObject,
               "Say as a resident that you object to a proposed policy or charter",
               "commons policy object policy-2.yaml.dsse --household flat-12 --key ann.key");
  RegisterVote(noun, context, args, policy::Choice::kApprove,
               "Say as a resident that you approve of it, or take an objection back",
               "commons policy approve charter-2.yaml.dsse --household flat-12 --key ann.key");

  AddVerb(noun, "status", "What is in force, until when, and every proposal with its standing",
          {"commons policy status"}, context, [&context] { return ShowStatus(context); });
}

}  // namespace gateway::cli
