#include "gateway/federation/questions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

using commons::v1::QueryReply;
using commons::v1::QueryRequest;
using policy::QueryCode;

QueryReply Refusal(const GatewayId& gateway, std::string_view code) {
  QueryReply reply;
  reply.set_gateway(gateway.value());
  reply.set_outcome("refused");
  reply.set_code(std::string(code));
  return reply;
}

// Those of our peers that nobody has asked yet, as far as the question says.
std::vector<const policy::RosterGateway*> Unvisited(const policy::Roster& roster,
                                                    const GatewayId& self,
                                                    const QueryRequest& request) {
  std::vector<const policy::RosterGateway*> peers;
  if (request.hops() == 0) return peers;
  for (const policy::RosterGateway* peer : roster.PeersOf(self)) {
    const auto& visited = request.visited();
    const bool was = std::find(visited.begin(), visited.end(), peer->id.value()) != visited.end();
    if (!was && peers.size() < limits::kPeersMax) peers.push_back(peer);
  }
  return peers;
}

QueryRequest Onward(const QueryRequest& request, const GatewayId& self,
                    const std::vector<const policy::RosterGateway*>& peers) {
  QueryRequest onward;
  onward.set_envelope(request.envelope());
  onward.set_hops(std::min(request.hops(), limits::kHopsMax) - 1);
  *onward.mutable_visited() = request.visited();
  onward.add_visited(self.value());
  for (const policy::RosterGateway* peer : peers) onward.add_visited(peer->id.value());
  return onward;
}

void LogDecision(const policy::OpenedQuery& opened, const AnswerSummary& summary) {
  std::string rules;
  for (const RuleId& rule : summary.decision.rules) rules += " " + rule.value();
  Log(LogLevel::kInfo, "question of %s for %s: %s%s, %d cells", opened.party.value(),
      opened.query.question.purpose, policy::QueryCodeName(summary.decision.code), rules,
      summary.cells);
}

}  // namespace

class Questions::Place {
 public:
  Place(Questions& questions, const Caller& caller)
      : questions_(questions),
        who_(caller.party != nullptr ? "party " + caller.party->id.value()
                                     : "gateway " + caller.gateway->id.value()) {
    const MutexLock lock(questions_.mutex_);
    std::size_t all = 0;
    for (const auto& [who, count] : questions_.running_) all += count;
    std::size_t& own = questions_.running_[who_];
    taken_ = all < limits::kQueriesAtOnceMax && own < limits::kQueriesPerCallerMax;
    if (taken_) ++own;
  }
  ~Place() {
    if (!taken_) return;
    const MutexLock lock(questions_.mutex_);
    const auto own = questions_.running_.find(who_);
    if (--own->second == 0) questions_.running_.erase(own);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  Questions& questions_;
  const std::string who_;
  bool taken_ = false;
};

QueryCode Questions::Check(const policy::Documents& documents, const Caller& caller,
                           const policy::OpenedQuery& opened) {
  if (opened.code != QueryCode::kOk) return opened.code;
  // A party speaks for itself only; a gateway passes on what any party signed.
  if (caller.party != nullptr && caller.party->id != opened.party) return QueryCode::kWrongParty;
  if (documents.roster.FindParty(opened.party) == nullptr) return QueryCode::kUnknownParty;
  return seen_.Take(opened.party, opened.query, clock_.SystemNow());
}

void Questions::Ask(const policy::Documents& documents, const Caller& caller,
                    const QueryRequest& request, std::chrono::milliseconds timeout,
                    const Emit& emit, const std::function<bool()>& gone) {
  const Place place(*this, caller);
  const policy::OpenedQuery opened =
      policy::OpenQuery(request.envelope(), documents.roster, clock_.SystemNow());
  // Before the nonce is taken: whoever is told BUSY may ask again with the same question.
  const QueryCode code =
      place.taken() ? Check(documents, caller, opened) : QueryCode::kBusy;
  if (code == QueryCode::kBusy && opened.code == QueryCode::kOk) Note(opened, false);
  if (code != QueryCode::kOk) {
    Log(LogLevel::kInfo, "question refused: %s", policy::QueryCodeName(code));
    emit(Refusal(answering_.gateway, policy::QueryCodeName(code)));
    return;
  }
  AnswerSound(documents, request, opened, timeout, emit, gone);
}

void Questions::AnswerSound(const policy::Documents& documents, const QueryRequest& request,
                            const policy::OpenedQuery& opened, std::chrono::milliseconds timeout,
                            const Emit& emit, const std::function<bool()>& gone) {
  const std::vector<const policy::RosterGateway*> peers =
      Unvisited(documents.roster, answering_.gateway, request);
  if (peers.empty()) {
    AnswerOwn(documents, opened, emit);
    return;
  }
  // The peers work while we answer. They get less time than we have, so that what they did not say
  // in time can still be said by us.
  Relay relay(transport_, peers, Onward(request, answering_.gateway, peers), timeout * 4 / 5);
  if (AnswerOwn(documents, opened, emit)) relay.Run(emit, gone);
}

void Questions::Note(const policy::OpenedQuery& opened, bool answered) const {
  if (answering_.noted) answering_.noted(opened.party, opened.query.question.purpose, answered);
}

bool Questions::AnswerOwn(const policy::Documents& documents, const policy::OpenedQuery& opened,
                          const Emit& emit) {
  const StatusOr<AnswerSummary> summary =
      Answer(answering_, documents, opened, [&](std::string sealed) {
        QueryReply reply;
        reply.set_gateway(answering_.gateway.value());
        reply.set_sealed(std::move(sealed));
        return emit(reply);
      });
  if (summary.ok()) {
    LogDecision(opened, *summary);
    Note(opened, summary->decision.code != QueryCode::kPolicyUnavailable);
    return true;
  }
  if (summary.status().code() == StatusCode::kCancelled) return false;
  Note(opened, false);
  Log(LogLevel::kError, "question of %s: %s", opened.party.value(),
      std::string(Message(summary.status())));
  const bool too_many = summary.status().code() == StatusCode::kResourceExhausted;
  return emit(Refusal(answering_.gateway, too_many ? "TOO_MANY_CELLS" : "FAILED"));
}

}  // namespace gateway::federation
