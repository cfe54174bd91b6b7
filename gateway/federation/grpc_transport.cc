#include "gateway/federation/grpc_transport.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/federation/tls.h"

namespace gateway::federation {
namespace {

using commons::v1::Federation;
using commons::v1::QueryReply;
using commons::v1::QueryRequest;

// gRPC's threads call On…; the relay's thread everything else. A hold keeps the call open while no
// read is under way.
class GrpcCall final : public PeerCall, public grpc::ClientReadReactor<QueryReply> {
 public:
  GrpcCall(std::unique_ptr<Federation::Stub> stub, const QueryRequest& request,
           std::chrono::milliseconds timeout, std::function<void(PeerEvent)> tell)
      : stub_(std::move(stub)), request_(request), tell_(std::move(tell)) {
    context_.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                       gpr_time_from_millis(timeout.count(), GPR_TIMESPAN)));
    stub_->async()->Query(&context_, &request_, this);
    AddHold();
    StartCall();
  }

  ~GrpcCall() override {
    context_.TryCancel();
    LetGo();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

  void Next() override {
    asked_.store(true);
    StartRead(&reply_);
  }

  void OnReadInitialMetadataDone(bool ok) override { reached_.store(ok); }

  void OnReadDone(bool ok) override {
    if (!ok) return LetGo();
    if (asked_.exchange(false)) tell_({.peer = 0, .reply = std::move(reply_), .end = std::nullopt});
  }

  void OnDone(const grpc::Status& status) override {
    if (asked_.exchange(false)) {
      tell_({.peer = 0, .reply = std::nullopt, .end = EndOf(status)});
    }
    // Notified under the lock: the waiter destroys both as soon as it may.
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }

 private:
  void LetGo() {
    if (held_.exchange(false)) RemoveHold();
  }
  PeerEnd EndOf(const grpc::Status& status) const {
    if (status.ok()) return PeerEnd::kDone;
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) return PeerEnd::kLate;
    return reached_ ? PeerEnd::kCutOff : PeerEnd::kUnreachable;
  }

  const std::unique_ptr<Federation::Stub> stub_;
  const QueryRequest request_;
  const std::function<void(PeerEvent)> tell_;
  grpc::ClientContext context_;
  QueryReply reply_;
  std::atomic<bool> reached_{false};  // it began to answer
  std::atomic<bool> asked_{false};
  std::atomic<bool> held_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace

std::shared_ptr<grpc::Channel> GrpcTransport::ChannelTo(const policy::RosterGateway& peer) {
  const MutexLock lock(mutex_);
  Link& link = links_[peer.id];
  // A channel that failed to connect refuses calls until it tries again; whoever asks now wants to
  // know how things are now.
  const bool failed = link.channel != nullptr &&
                      link.channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
  if (link.channel == nullptr || failed || link.address != peer.address ||
      link.pins != peer.tls) {
    link = {.address = peer.address,
            .pins = peer.tls,
            .channel = PinnedChannel(peer.address, own_, peer.tls)};
  }
  return link.channel;
}

std::unique_ptr<PeerCall> GrpcTransport::Ask(const policy::RosterGateway& peer,
                                             const QueryRequest& request,
                                             std::chrono::milliseconds timeout,
                                             std::function<void(PeerEvent)> tell) {
  return std::make_unique<GrpcCall>(Federation::NewStub(ChannelTo(peer)), request, timeout,
                                    std::move(tell));
}

}  // namespace gateway::federation
