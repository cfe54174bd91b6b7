// Writes the hand-made inputs that hold signatures or protobuf: fuzz_seeds tests/fuzz/corpus.
// The same bytes each time.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/secret.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/query.h"
#include "gateway/proof/merkle.h"
#include "gateway/proof/note.h"
#include "gateway/proof/tlog_proof.h"
#include "tests/fuzz/commons.h"
#include "tests/fuzz/world.h"
#include "tests/support/test_gateway.h"

namespace gateway::fuzz {
namespace {

class Folder {
 public:
  explicit Folder(const std::filesystem::path& path) : path_(path) {
    std::filesystem::create_directories(path_);
  }
  void Put(const char* name, std::string_view bytes) const {
    std::ofstream out(path_ / name, std::ios::binary);
    out << bytes;
    GW_CHECK(out.good());
  }

 private:
  const std::filesystem::path path_;
};

policy::Query Question() {
  policy::Query query;
  query.commons = kCommons;
  query.question = {.purpose = "official-stats",
                    .metric = MetricId("load"),
                    .rule = RuleId("load-hourly"),
                    .zone = ZoneId("mill-lane"),
                    .bucket = std::chrono::hours(1),
                    .from = kNow - std::chrono::hours(48),
                    .until = kNow - std::chrono::hours(24)};
  query.nonce = std::string(16, 'n');
  query.issued = kNow;
  query.expires = kNow + std::chrono::minutes(5);
  query.answer_pk = std::string(32, 'k');
  return query;
}

std::string Payload(const policy::Query& query) {
  const StatusOr<std::string> payload = policy::BuildQuery(query);
  GW_CHECK(payload.ok());
  return *payload;
}

void WriteQueries(const Folder& folder) {
  const std::string good = Payload(Question());
  folder.Put("signed", policy::SignQuery(good, PartySigner()));
  folder.Put("payload", good);
  policy::Query query = Question();
  query.question = {.purpose = "official-stats",
                    .metric = {},
                    .rule = {},
                    .zone = {},
                    .bucket = std::nullopt,
                    .from = std::nullopt,
                    .until = std::nullopt};
  folder.Put("asks-for-everything", policy::SignQuery(Payload(query), PartySigner()));
  query = Question();
  query.commons = "lakeside";
  folder.Put("another-commons", policy::SignQuery(Payload(query), PartySigner()));
  query = Question();
  query.issued = kNow - std::chrono::minutes(6);
  query.expires = kNow - std::chrono::minutes(1);
  folder.Put("expired", policy::SignQuery(Payload(query), PartySigner()));
  folder.Put("unknown-key", policy::SignQuery(good, LogSigner()));
  crypto::Envelope envelope{std::string(crypto::kQueryType), good, {}};
  crypto::SignEnvelope(envelope, PartySigner());
  crypto::SignEnvelope(envelope, LogSigner());
  folder.Put("two-signatures", crypto::SerializeEnvelope(envelope));
  envelope = {std::string(crypto::kGrantType), good, {}};
  crypto::SignEnvelope(envelope, PartySigner());
  folder.Put("signed-as-a-grant", crypto::SerializeEnvelope(envelope));
}

void WriteAnswers(const Folder& folder) {
  testing::TestGateway gateway{std::string(kGateway)};
  const uint64_t first = gateway.Release({gateway.MakeCell(0)});
  const uint64_t second =
      gateway.Release({gateway.MakeCell(1), gateway.MakeCell(2, CellStatus::kSuppressed)});
  gateway.Append("an entry of another kind");
  const auto sign = [&](std::vector<proof::AnswerSheet> sheets) {
    return gateway.Sign(gateway.Part(QueryHash(), std::move(sheets)));
  };
  const std::string two_sheets = sign({gateway.Sheet(first), gateway.Sheet(second)});
  folder.Put("two-sheets", two_sheets);
  folder.Put("one-cell", sign({gateway.Sheet(first)}));
  folder.Put("sheets-that-do-not-ascend", sign({gateway.Sheet(second), gateway.Sheet(first)}));
  folder.Put("no-cells", sign({}));
  folder.Put("refusal", gateway.Sign(gateway.Refusal(QueryHash(), "FORBIDDEN", {"f-coercive"})));
  folder.Put("another-question", gateway.Sign(gateway.Refusal(std::string(32, 'x'), "EXPIRED")));
  const StatusOr<crypto::Envelope> envelope = crypto::ParseEnvelope(two_sheets);
  GW_CHECK(envelope.ok());
  folder.Put("payload", envelope->payload);
  testing::TestGateway recorded{std::string(kGateway), true};
  const uint64_t sheet = recorded.Release({recorded.MakeCell(3)});
  folder.Put("recorded", recorded.Sign(recorded.Part(QueryHash(), {recorded.Sheet(sheet)})));
  testing::TestGateway other{"gw-harbour"};
  folder.Put("another-gateway", other.Sign(other.Part(QueryHash())));
}

// The proof that kLoggedEntry is number `index` of `size` entries.
std::string Proof(uint64_t index, uint64_t size) {
  std::vector<std::string> hashes;
  proof::CompactRange range;
  for (uint64_t i = 0; i < size; ++i) {
    hashes.push_back(proof::LeafHash(i == index ? std::string(kLoggedEntry) : std::to_string(i)));
    range.Append(hashes.back());
  }
  auto path = proof::ProveInclusion(index, size, proof::NodesOf(hashes));
  GW_CHECK(path.ok());
  const std::string text = proof::CheckpointText(
      {.origin = std::string(kLogName), .size = size, .root = range.Root()});
  return proof::FormatTlogProof({.index = index,
                                 .hashes = *std::move(path),
                                 .checkpoint = proof::SignNote(text, kLogName, LogSigner())});
}

void WriteNotes(const Folder& folder) {
  const proof::NoteKey key{.name = std::string(kLogName),
                           .type = proof::NoteKeyType::kLog,
                           .public_key = LogSigner().public_key()};
  proof::NoteKey witness = key;
  witness.type = proof::NoteKeyType::kWitness;
  folder.Put("vkey", proof::FormatVkey(key));
  folder.Put("vkey-of-a-witness", proof::FormatVkey(witness));
  const std::string text = proof::CheckpointText(
      {.origin = std::string(kLogName), .size = 3, .root = std::string(32, 'r')});
  folder.Put("checkpoint", text);
  folder.Put("checkpoint-with-an-extension", text + "more\n");
  const std::string note = proof::SignNote(text, kLogName, LogSigner());
  folder.Put("note", note);
  const std::size_t signature = note.rfind("\n\n") + 2;
  folder.Put("note-signed-twice", note + note.substr(signature));
  folder.Put("note-of-an-empty-line", proof::SignNote("\n", kLogName, LogSigner()));
  folder.Put("note-whose-text-was-changed", "x" + note);
  folder.Put("proof-of-one", Proof(0, 1));
  folder.Put("proof-of-many", Proof(4, 7));
  const std::string proof = Proof(2, 3);
  const std::size_t header = proof.find('\n') + 1;
  folder.Put("proof-with-an-extra-line",
             proof.substr(0, header) + "extra bW9yZQ==\n" + proof.substr(header));
}

void WriteDocuments(const std::filesystem::path& corpus) {
  Folder(corpus / "charter").Put("every-field", CharterText());
  Folder(corpus / "policy").Put("every-field", PolicyText());
  Folder(corpus / "roster").Put("every-field", RosterText());

  const Folder folder(corpus / "document_envelope");
  const auto next = [](std::string text) {
    const std::string hash = HexEncode(crypto::Blake2b256(text));
    text.replace(text.find("version: 1"), 10, "version: 2");
    return text.replace(text.find("prev: \"\""), 8, "prev: \"" + hash + "\"");
  };
  folder.Put("charter-in-force", SignedByStewards(crypto::kCharterType, CharterText()));
  folder.Put("charter", SignedByStewards(crypto::kCharterType, next(CharterText())));
  const std::string policy = SignedByStewards(crypto::kPolicyType, next(PolicyText()));
  folder.Put("policy", policy);
  // What lint refuses would never reach what comes after it.
  const StatusOr<policy::Activation> activation = policy::VerifyDocuments(
      std::span(&policy, 1), {CharterText(), PolicyText(), RosterText()}, kNow);
  if (!activation.ok()) std::fprintf(stderr, "%s\n", activation.status().ToString().c_str());
  GW_CHECK(activation.ok());
  folder.Put("roster", SignedByStewards(crypto::kRosterType, next(RosterText())));
  folder.Put("policy-signed-as-a-roster",
             SignedByStewards(crypto::kRosterType, next(PolicyText())));
  folder.Put("policy-payload", next(PolicyText()));
  const std::string unsigned_one = crypto::SerializeEnvelope(
      {std::string(crypto::kPolicyType), next(PolicyText()), {}});
  folder.Put("no-signature", unsigned_one);
  crypto::Envelope twice{std::string(crypto::kPolicyType), next(PolicyText()), {}};
  crypto::SignEnvelope(twice, Steward(0));
  twice.signatures.push_back(twice.signatures.front());
  folder.Put("one-signature-twice", crypto::SerializeEnvelope(twice));
}

void WriteGrants(const Folder& folder) {
  policy::Grant grant;
  grant.commons = kCommons;
  grant.grantor_pk = PartySigner().public_key();
  grant.subject = SubjectId::FromBytes(std::string(16, 's'));
  grant.metrics = {"load"};
  grant.purposes = {"https://w3id.org/dpv#ProvideOfficialStatistics"};
  grant.recipients = {"city-hall"};
  grant.zone_min = 1;
  grant.bucket_min = std::chrono::hours(1);
  grant.age_min = std::chrono::hours(24);
  grant.not_before = kNow;
  grant.not_after = kNow + std::chrono::hours(24 * 365);
  const auto put = [&](const char* name) {
    const StatusOr<std::string> payload = policy::BuildGrant(grant, std::string(16, 'g'));
    GW_CHECK(payload.ok());
    crypto::Envelope envelope{std::string(crypto::kGrantType), *payload, {}};
    crypto::SignEnvelope(envelope, PartySigner());
    folder.Put(name, crypto::SerializeEnvelope(envelope));
    folder.Put("payload", *payload);
  };
  put("grant");
  grant.seq = 2;
  grant.prev = std::string(32, 'v');
  grant.metrics = {"load", "heat"};
  grant.recipients = {"city-hall", "public"};
  put("second-grant");
  const policy::Invite invite{std::string(kCommons), GatewayId(std::string(kGateway)),
                              grant.subject, std::string(16, 'n')};
  folder.Put("invite", policy::FormatInvite(invite));
  crypto::Envelope acceptance{
      std::string(crypto::kAcceptanceType),
      policy::BuildAcceptance(invite, PartySigner().public_key(), kNow), {}};
  crypto::SignEnvelope(acceptance, PartySigner());
  folder.Put("acceptance", crypto::SerializeEnvelope(acceptance));
}

}  // namespace
}  // namespace gateway::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  GW_CHECK(gateway::crypto::InitCrypto().ok());
  const std::filesystem::path corpus = argv[1];
  gateway::fuzz::WriteQueries(gateway::fuzz::Folder(corpus / "query_envelope"));
  gateway::fuzz::WriteAnswers(gateway::fuzz::Folder(corpus / "answer_envelope"));
  gateway::fuzz::WriteNotes(gateway::fuzz::Folder(corpus / "note"));
  gateway::fuzz::WriteDocuments(corpus);
  gateway::fuzz::WriteGrants(gateway::fuzz::Folder(corpus / "grant"));
  return 0;
}
