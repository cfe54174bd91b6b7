#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/age.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/secret.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/policy.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kInviteBytesMax = 4096;

struct KeygenArgs {
  std::string out;
};

struct AgeIdentityArgs {
  std::string key, out;
};

struct AcceptArgs {
  std::string invite, key, out, at, policy;
};

struct GrantArgs {
  std::string invite, key, out, previous, not_before, not_after, bucket_min, age_min;
  std::vector<std::string> metrics, purposes, recipients;
  uint32_t zone_min = 0;
};

Status Keygen(Context& context, const KeygenArgs& args) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const crypto::Signer signer, crypto::Signer::Generate());
  std::string text = signer.ToKeyFile();
  const Status written = WriteFile(args.out, text, FileMode::kPrivate, IfExists::kRefuse);
  crypto::Wipe(text.data(), text.size());
  RETURN_IF_ERROR(written);
  context.PrintValue("public_key", crypto::FormatPublicKey(signer.public_key()));
  return OkStatus();
}

Status PrintAgeIdentity(Context& context, const AgeIdentityArgs& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(const crypto::AgeIdentity identity, crypto::AgeIdentity::FromSigner(signer));
  std::string line = identity.ToString();
  if (args.out.empty()) {
    std::cerr << "This is a secret: whoever has it opens every export of the household.\n";
    context.PrintValue("age_identity", line);
    crypto::Wipe(line.data(), line.size());
    return OkStatus();
  }
  line.push_back('\n');
  const Status written = WriteFile(args.out, line, FileMode::kPrivate, IfExists::kRefuse);
  crypto::Wipe(line.data(), line.size());
  RETURN_IF_ERROR(written);
  context.PrintValue("recipient", identity.recipient().ToString());
  return OkStatus();
}

StatusOr<policy::Invite> ReadInvite(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kInviteBytesMax));
  auto invite = policy::ParseInvite(text);
  if (!invite.ok()) return Annotate(invite.status(), path);
  return invite;
}

// Never replaces: a grant that was handed out is the `--previous` of the next one.
Status WriteSigned(const std::string& path, std::string_view type, std::string payload,
                   const crypto::Signer& signer) {
  crypto::Envelope envelope;
  envelope.payload_type = type;
  envelope.payload = std::move(payload);
  crypto::SignEnvelope(envelope, signer);
  return WriteFile(path, crypto::SerializeEnvelope(envelope), FileMode::kPrivate,
                   IfExists::kRefuse);
}

// Of the bytes that the stewards sign.
StatusOr<std::string> HashOfPolicy(const std::string& path, const std::string& commons) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, crypto::kEnvelopeBytesMax));
  ASSIGN_OR_RETURN(const crypto::Envelope envelope, crypto::ParseEnvelope(bytes));
  if (envelope.payload_type != crypto::kPolicyType) {
    return InvalidArgument("%s: not a signed policy", path);
  }
  const auto policy = policy::ParsePolicy(envelope.payload);
  if (!policy.ok()) return Annotate(policy.status(), path);
  if (policy->commons != commons) {
    return InvalidArgument("%s: of commons \"%s\", the invite of \"%s\"", path, policy->commons,
                           commons);
  }
  return crypto::Blake2b256(envelope.payload);
}

Status Accept(Context& context, const AcceptArgs& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(const policy::Invite invite, ReadInvite(args.invite));
  Time at = RealClock().SystemNow();
  if (!args.at.empty()) {
    ASSIGN_OR_RETURN(at, ParseTime(args.at));
  }
  std::string seen;
  if (!args.policy.empty()) {
    ASSIGN_OR_RETURN(seen, HashOfPolicy(args.policy, invite.commons));
  }
  RETURN_IF_ERROR(WriteSigned(args.out, crypto::kAcceptanceType,
                              policy::BuildAcceptance(invite, signer.public_key(), at, seen),
                              signer));
  Record record{{"commons", invite.commons},
                {"gateway", invite.gateway.value()},
                {"acceptance", args.out}};
  if (!seen.empty()) record.emplace_back("policy_seen", HexEncode(seen));
  context.Print(record);
  return OkStatus();
}

// Puts the new grant behind the one in `path`.
Status Chain(const std::string& path, policy::Grant& grant) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, crypto::kEnvelopeBytesMax));
  auto previous = policy::VerifyGrant(bytes, grant.commons);
  if (!previous.ok()) return Annotate(previous.status(), path);
  if (previous->grantor_pk != grant.grantor_pk) {
    return InvalidArgument("%s: signed by another key than --key; a chain of grants has one key",
                           path);
  }
  grant.seq = previous->seq + 1;
  grant.prev = previous->id;
  return OkStatus();
}

Status MakeGrant(Context& context, const GrantArgs& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  ASSIGN_OR_RETURN(const policy::Invite invite, ReadInvite(args.invite));
  policy::Grant grant;
  grant.commons = invite.commons;
  grant.grantor_pk = signer.public_key();
  grant.subject = invite.subject;
  grant.metrics = args.metrics;
  grant.purposes = args.purposes;
  grant.recipients = args.recipients;
  grant.zone_min = args.zone_min;
  ASSIGN_OR_RETURN(grant.not_before, ParseTime(args.not_before));
  ASSIGN_OR_RETURN(grant.not_after, ParseTime(args.not_after));
  if (!args.bucket_min.empty()) {
    ASSIGN_OR_RETURN(grant.bucket_min, ParseDuration(args.bucket_min));
  }
  if (!args.age_min.empty()) {
    ASSIGN_OR_RETURN(grant.age_min, ParseDuration(args.age_min));
  }
  if (!args.previous.empty()) RETURN_IF_ERROR(Chain(args.previous, grant));
  ASSIGN_OR_RETURN(std::string payload, policy::BuildGrant(grant, crypto::RandomBytes(16)));
  RETURN_IF_ERROR(WriteSigned(args.out, crypto::kGrantType, std::move(payload), signer));
  context.Print(Record{{"grant", args.out}, {"seq", grant.seq}});
  return OkStatus();
}

void RegisterGrantVerb(CLI::App& noun, Context& context) {
  auto args = std::make_shared<GrantArgs>();
  CLI::App* grant = AddVerb(
      noun, "grant", "Sign a yes to particular uses; it can only narrow what the policy allows",
      {"commons resident grant --invite flat-12.invite --key ann.key --metric load "
       "--purpose https://w3id.org/dpv#OfficialStatistics --recipient city-hall "
       "--not-before 2026-01-01T00:00:00Z --not-after 2027-01-01T00:00:00Z --out ann.dsse"},
      context, [&context, args] { return MakeGrant(context, *args); });
  grant->add_option("--invite", args->invite, "the household's invite file")->required();
  grant->add_option("--key", args->key, "the resident's key file")->required();
  grant->add_option("--metric", args->metrics, "metrics that may be used")->required();
  grant->add_option("--purpose", args->purposes, "IRIs of the purposes")->required();
  grant->add_option("--recipient", args->recipients, "parties, peers, members or public")
      ->required();
  grant->add_option("--not-before", args->not_before, "first instant")
      ->required()
      ->check(CheckTime);
  grant->add_option("--not-after", args->not_after, "last instant")
      ->required()
      ->check(CheckTime);
  grant->add_option("--zone-min", args->zone_min,
                    "finest zone level, as an index into the policy's zone_levels")
      ->capture_default_str();
  grant->add_option("--bucket-min", args->bucket_min, "finest bucket, e.g. PT1H")
      ->check(CheckDuration);
  grant->add_option("--age-min", args->age_min, "youngest data, e.g. P1D")->check(CheckDuration);
  grant->add_option("--previous", args->previous, "the resident's grant before this one");
  grant->add_option("--out", args->out, "file to write")->required();
}

}  // namespace

void RegisterResident(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "resident", "On the resident's own machine; needs no daemon",
                           "commons resident keygen --out ann.key");

  auto keygen_args = std::make_shared<KeygenArgs>();
  CLI::App* keygen = AddVerb(
      *noun, "keygen", "Make a key, for a resident or a steward; prints the public key",
      {"commons resident keygen --out ann.key"}, context,
      [&context, keygen_args] { return Keygen(context, *keygen_args); });
  keygen->add_option("--out", keygen_args->out, "file to write (mode 0600)")->required();

  auto accept_args = std::make_shared<AcceptArgs>();
  CLI::App* accept = AddVerb(
      *noun, "accept", "Sign the acceptance of an invite",
      {"commons resident accept --invite flat-12.invite --key ann.key --out ann-accepts.dsse"},
      context, [&context, accept_args] { return Accept(context, *accept_args); });
  accept->add_option("--invite", accept_args->invite, "the invite file")->required();
  accept->add_option("--key", accept_args->key, "the resident's key file")->required();
  accept->add_option("--out", accept_args->out, "file to write")->required();
  accept->add_option("--policy", accept_args->policy,
                     "the signed policy that you have read: the notice that opt-out rules need");
  accept->add_option("--at", accept_args->at, "when it was accepted (default: now)")
      ->check(CheckTime);

  auto age_args = std::make_shared<AgeIdentityArgs>();
  CLI::App* age = AddVerb(
      *noun, "age-identity", "Print the key as an age identity, which opens the household's exports",
      {"commons resident age-identity --key ann.key --out ann.age",
       "age -d -i ann.age flat-12.tar.age | tar x"},
      context, [&context, age_args] { return PrintAgeIdentity(context, *age_args); });
  age->add_option("--key", age_args->key, "the resident's key file")->required();
  age->add_option("--out", age_args->out,
                  "file to write (mode 0600); the recipient is printed then");

  RegisterGrantVerb(*noun, context);
}

}  // namespace gateway::cli
