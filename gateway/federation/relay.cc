#include "gateway/federation/relay.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

using commons::v1::QueryReply;
using std::chrono::steady_clock;

// How often the relay looks whether anybody still listens while no peer says anything.
constexpr std::chrono::milliseconds kLookInterval{200};

QueryReply Hearsay(const std::string& gateway, PeerEnd end) {
  QueryReply reply;
  reply.set_gateway(gateway);
  reply.set_outcome(end == PeerEnd::kLate ? "late" : "missing");
  switch (end) {
    case PeerEnd::kUnreachable:
      reply.set_code("UNREACHABLE");
      break;
    case PeerEnd::kCutOff:
    case PeerEnd::kDone:
      reply.set_code("CUT_OFF");
      break;
    case PeerEnd::kLate:
      reply.set_code("DEADLINE");
      break;
  }
  return reply;
}

}  // namespace

Relay::Relay(Transport& transport, const std::vector<const policy::RosterGateway*>& peers,
             const commons::v1::QueryRequest& request, std::chrono::milliseconds timeout)
    : deadline_(steady_clock::now() + timeout), events_(std::max<std::size_t>(peers.size(), 1)) {
  for (std::size_t i = 0; i < peers.size(); ++i) {
    auto call = transport.Ask(*peers[i], request, timeout, [this, i](PeerEvent event) {
      event.peer = i;
      GW_CHECK(events_.TryPush(std::move(event)));
    });
    peers_.push_back({.id = peers[i]->id.value(), .call = std::move(call), .end = std::nullopt});
  }
  for (const Peer& peer : peers_) peer.call->Next();
}

Relay::~Relay() = default;

bool Relay::Take(PeerEvent& event, const std::function<bool(const QueryReply&)>& emit) {
  Peer& peer = peers_[event.peer];
  if (event.end.has_value()) {
    peer.end = event.end;
    return true;
  }
  // Our peers' peers answer through them, hence the product; more is no answer any more.
  if (++peer.replies > limits::kAnswerPartsMax * limits::kPeersMax) {
    peer.end = PeerEnd::kCutOff;
    peer.call.reset();
    return true;
  }
  if (!emit(*event.reply)) return false;
  peer.call->Next();
  return true;
}

bool Relay::Run(const std::function<bool(const QueryReply&)>& emit,
                const std::function<bool()>& gone) {
  const auto open = [this] {
    return std::any_of(peers_.begin(), peers_.end(),
                       [](const Peer& peer) { return !peer.end.has_value(); });
  };
  while (open()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady_clock::now());
    if (left <= left.zero()) break;
    if (gone && gone()) return false;
    std::optional<PeerEvent> event = events_.PopFor(std::min(left, kLookInterval));
    if (event.has_value() && !Take(*event, emit)) return false;
  }
  for (Peer& peer : peers_) {
    peer.call.reset();
    const PeerEnd end = peer.end.value_or(PeerEnd::kLate);
    if (end != PeerEnd::kDone && !emit(Hearsay(peer.id, end))) return false;
  }
  return true;
}

}  // namespace gateway::federation
