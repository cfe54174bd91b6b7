// Passing a question on: every peer is asked at the same time, with a deadline, and what comes back
// is handed on as it comes, unread. For a peer that says nothing more, the relay says what it saw.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commons/v1/federation.pb.h"
#include "gateway/base/bounded_queue.h"
#include "gateway/policy/roster.h"

namespace gateway::federation {

// How a call to a peer ended.
enum class PeerEnd {
  kDone,         // it said all it wanted to say
  kUnreachable,  // it said nothing: no connection, or it refused us
  kCutOff,       // it stopped in the middle
  kLate,         // the deadline came first
};

// Exactly one of the two is set.
struct PeerEvent {
  std::size_t peer = 0;
  std::optional<commons::v1::QueryReply> reply;
  std::optional<PeerEnd> end;
};

// A call to one peer. Destroying it cancels the call and waits until it tells no more.
class PeerCall {
 public:
  virtual ~PeerCall() = default;
  // Asks for one more reply: exactly one event follows. Not again before it came, nor after the
  // end. So a slow asker slows its peers, and nothing piles up.
  virtual void Next() = 0;
};

// The way to the peers: gRPC, or a fake in tests. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Starts a call; `tell` runs on any thread, never from inside Ask, Next or the destructor.
  virtual std::unique_ptr<PeerCall> Ask(const policy::RosterGateway& peer,
                                        const commons::v1::QueryRequest& request,
                                        std::chrono::milliseconds timeout,
                                        std::function<void(PeerEvent)> tell) = 0;
};

// One question on its way to the peers. Belongs to one thread.
class Relay {
 public:
  // Asks all of `peers` at once. `transport` must outlive the relay.
  Relay(Transport& transport, const std::vector<const policy::RosterGateway*>& peers,
        const commons::v1::QueryRequest& request, std::chrono::milliseconds timeout);
  ~Relay();

  // Hands on every reply until all peers are done or the timeout, counted from the constructor,
  // is over; then says `missing` (UNREACHABLE, CUT_OFF) or `late` (DEADLINE) for each that was not
  // done. Returns false as soon as `emit` does, or soon after `gone`, if given, says that nobody
  // listens any more: silent peers must not keep a thread for a listener that left.
  bool Run(const std::function<bool(const commons::v1::QueryReply&)>& emit,
           const std::function<bool()>& gone = {});

 private:
  struct Peer {
    std::string id;
    std::unique_ptr<PeerCall> call;
    std::size_t replies = 0;
    std::optional<PeerEnd> end;
  };
  bool Take(PeerEvent& event, const std::function<bool(const commons::v1::QueryReply&)>& emit);

  const std::chrono::steady_clock::time_point deadline_;
  BoundedQueue<PeerEvent> events_;  // at most one event of each peer is on its way
  std::vector<Peer> peers_;         // after `events_`: its calls tell until they are destroyed
};

}  // namespace gateway::federation
