#include "tests/unit/federation/world.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/crypto/x509.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::federation {
namespace {

constexpr Time kNow{Millis{1'767'225'600'000}};  // 2026-01-01

crypto::BoxKey MakeOpener() {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::BoxKey> key = crypto::BoxKey::Generate();
  GW_CHECK(key.ok());
  return *std::move(key);
}

std::string PartyLine(const std::string& id, char seed) {
  return "  - {id: " + id + ", kind: municipality, tls: [\"" +
         crypto::FormatPin(crypto::Sha256(id)) + "\"], request: [\"" +
         crypto::FormatPublicKey(policy::SignerOf(seed).public_key()) + "\"]}\n";
}

std::string RosterYaml(const std::map<std::string, std::vector<std::string>>& topology) {
  std::string text =
      "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways:\n";
  for (const auto& [id, peers] : topology) {
    const proof::GatewayKeys keys = testing::TestGateway(id).keys();
    text += "  - {id: " + id + ", zone: mill-lane, address: \"127.0.0.1:1\", tls: [\"" +
            crypto::FormatPin(crypto::Sha256(id)) + "\"], sign: \"" +
            crypto::FormatPublicKey(keys.sign) + "\", log: \"" +
            crypto::FormatPublicKey(keys.log) + "\", peers: [";
    for (const std::string& peer : peers) text += (peer == peers.front() ? "" : ", ") + peer;
    text += "]}\n";
  }
  return text + "parties:\n" + PartyLine("city-hall", 'c') + PartyLine("lab", 'l');
}

}  // namespace

void WorldCells::Release(const std::vector<Cell>& cells, const std::string& purpose,
                         const std::vector<std::string>& recipients,
                         const std::string& purpose_iri) {
  const uint64_t leaf = gateway_.Release(cells);
  const proof::AnswerSheet sheet = gateway_.Sheet(leaf);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells_.push_back({.cell = cells[i],
                      .bytes = sheet.cells[i].bytes,
                      .nonce = sheet.cells[i].nonce,
                      .leaf = leaf,
                      .position = sheet.cells[i].position,
                      .purpose = purpose,
                      .purpose_iri = purpose_iri,
                      .recipients = recipients});
  }
}

Status WorldCells::VisitCells(const port::CellFilter& filter,
                              const std::function<bool(const port::DecidedCell&)>& visit) const {
  for (const port::DecidedCell& decided : cells_) {
    const Window& window = decided.cell.window;
    if ((filter.from.has_value() && window.end <= *filter.from) ||
        (filter.until.has_value() && window.start >= *filter.until)) {
      continue;
    }
    if (!visit(decided)) break;
  }
  return OkStatus();
}

std::vector<port::RetractionRef> WorldCells::RetractionsOf(uint64_t leaf) const {
  const auto found = retractions_.find(leaf);
  return found == retractions_.end() ? std::vector<port::RetractionRef>() : found->second;
}

void WorldCells::RetractAll() {
  const uint64_t leaf = cells_.back().leaf;
  for (const port::DecidedCell& cell : cells_) {
    if (cell.leaf != leaf) continue;
    const uint64_t entry =
        gateway_.Retract(leaf, cell.position, "wrong-readings", testing::TestSigner('s'));
    retractions_[leaf].push_back({.leaf = entry, .position = cell.position});
  }
}

port::Moment WorldCells::moment() const { return {.now = kNow, .sound = true}; }

StatusOr<port::LoggedEntry> WorldCells::Logged(uint64_t leaf) const {
  const proof::LoggedEntry logged = gateway_.Logged(leaf);
  return port::LoggedEntry{.entry = logged.entry, .proof = logged.proof};
}

World::World(const std::map<std::string, std::vector<std::string>>& topology)
    : clock_(kNow), opener_(MakeOpener()) {
  for (const auto& [id, peers] : topology) {
    Node& node = nodes_[id];
    node.gateway = std::make_unique<testing::TestGateway>(id);
    node.cells = std::make_unique<WorldCells>(*node.gateway);
    node.cells->Release({node.gateway->MakeCell(0), node.gateway->MakeCell(1)});
    node.documents = {policy::CharterOf(policy::CharterText()),
                      policy::PolicyOf(policy::PolicyText()),
                      policy::RosterOf(RosterYaml(topology))};
    policy::Policy& policy = node.documents.policy;  // the cells are of this zone
    policy.zones.push_back(
        {.id = ZoneId("north"), .level = policy.LevelIndex("neighbourhood").value()});
    node.answering = std::make_unique<Answering>(
        Answering{GatewayId(id), *node.cells, node.gateway->signer(),
                  [this, id = id](const PartyId& party, const std::string& purpose, bool answered) {
                    const MutexLock lock(noted_mutex_);
                    noted_.push_back(id + " " + party.value() + " " + purpose +
                                     (answered ? " answered" : " not"));
                  }});
    node.questions = std::make_unique<Questions>(*node.answering, transport_, clock_);
    transport_.Set(id, [this, id = id](const commons::v1::QueryRequest& request) {
      return Play(id, request);
    });
  }
}

testing::PeerScript World::Play(const std::string& id, commons::v1::QueryRequest request) {
  if (std::find(stopped_.begin(), stopped_.end(), id) != stopped_.end()) {
    return {{}, PeerEnd::kUnreachable};
  }
  Node& node = nodes_.at(id);
  if (node.way.there) node.way.there(request);
  testing::PeerScript script{{}, PeerEnd::kDone};
  // Whoever passes it on is some gateway of the roster.
  const Caller caller{.gateway = &node.documents.roster.gateways.front(), .party = nullptr};
  node.questions->Ask(node.documents, caller, request, std::chrono::seconds(20),
                      [&](const commons::v1::QueryReply& reply) {
                        script.replies.push_back(reply);
                        return true;
                      });
  if (node.way.back) node.way.back(script);
  return script;
}

policy::Query World::Question(const std::string& purpose) const {
  policy::Query query;
  query.commons = "riverside";
  query.question.purpose = purpose;
  query.nonce = Format("nonce-%010d", ++asked_);
  query.issued = clock_.SystemNow();
  query.expires = query.issued + std::chrono::minutes(5);
  query.answer_pk = opener_.public_key();
  const StatusOr<std::string> payload = policy::BuildQuery(query);
  GW_CHECK(payload.ok());
  query.hash = crypto::Blake2b256(*payload);
  return query;
}

std::string World::Signed(const policy::Query& query, char seed) const {
  const StatusOr<std::string> payload = policy::BuildQuery(query);
  GW_CHECK(payload.ok());
  return policy::SignQuery(*payload, policy::SignerOf(seed));
}

Replies World::Ask(const std::string& via, const std::string& envelope, const std::string& caller,
                   uint32_t hops, std::chrono::milliseconds timeout) {
  Node& node = nodes_.at(via);
  commons::v1::QueryRequest request;
  request.set_envelope(envelope);
  request.set_hops(hops);
  Replies replies;
  const policy::Roster& roster = node.documents.roster;
  node.questions->Ask(node.documents,
                      {.gateway = roster.FindGateway(GatewayId(caller)),
                       .party = roster.FindParty(PartyId(caller))},
                      request, timeout, [&](const commons::v1::QueryReply& reply) {
                        replies.push_back(reply);
                        return true;
                      });
  return replies;
}

Merged World::MergeAll(const policy::Query& query, const Replies& replies) const {
  Asked asked{.query = query, .gateways = {}, .stewards = {}};
  for (const auto& [id, node] : nodes_) asked.gateways.push_back(node.gateway->keys());
  Merge merge(std::move(asked));
  for (const commons::v1::QueryReply& reply : replies) {
    merge.AddReply({.gateway = reply.gateway(),
                    .sealed = reply.sealed(),
                    .outcome = reply.outcome(),
                    .code = reply.code()},
                   opener_);
  }
  return std::move(merge).Finish(false);
}

Merged World::AskAll(const std::string& via, const std::string& purpose, uint32_t hops) {
  const policy::Query query = Question(purpose);
  return MergeAll(query, Ask(via, Signed(query), "city-hall", hops));
}

std::string Told(const Merged& merged) {
  std::string told;
  for (const CoverageRow& row : merged.coverage) {
    told += Format("%s%s %s %s%s %d", told.empty() ? "" : ", ", row.gateway.value(),
                   std::string(CoverageName(row.status)), row.code,
                   row.status == Coverage::kRefused && !row.rule.empty() ? " " + row.rule : "",
                   row.cells);
  }
  return told;
}

}  // namespace gateway::federation
