// A transport without a network: each peer is a script of replies and an end, told from a thread of
// its own, as gRPC would. A peer whose script has no end never says more until it is cancelled.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/federation/relay.h"

namespace gateway::testing {

struct PeerScript {
  std::vector<commons::v1::QueryReply> replies;
  std::optional<federation::PeerEnd> end;
};

class FakeTransport final : public federation::Transport {
 public:
  // Makes the script at the moment of the call; a peer without one is unreachable.
  using Play = std::function<PeerScript(const commons::v1::QueryRequest&)>;

  FakeTransport() : thread_([this] { Run(); }) {}
  ~FakeTransport() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Set(const std::string& peer, Play play) { plays_[peer] = std::move(play); }
  std::vector<std::pair<std::string, commons::v1::QueryRequest>> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::unique_ptr<federation::PeerCall> Ask(
      const policy::RosterGateway& peer, const commons::v1::QueryRequest& request,
      std::chrono::milliseconds /*timeout*/,
      std::function<void(federation::PeerEvent)> tell) override {
    {
      const std::lock_guard lock(mutex_);
      asked_.emplace_back(peer.id.value(), request);
    }
    const auto play = plays_.find(peer.id.value());
    PeerScript script = play == plays_.end()
                            ? PeerScript{{}, federation::PeerEnd::kUnreachable}
                            : play->second(request);
    return std::make_unique<Call>(*this, std::move(script), std::move(tell));
  }

 private:
  class Call final : public federation::PeerCall {
   public:
    Call(FakeTransport& transport, PeerScript script,
         std::function<void(federation::PeerEvent)> tell)
        : transport_(transport), script_(std::move(script)), tell_(std::move(tell)) {}
    ~Call() override { transport_.Forget(this); }
    void Next() override {
      transport_.Post(this, [this] {
        federation::PeerEvent event;
        if (at_ < script_.replies.size()) {
          event.reply = script_.replies[at_++];
        } else if (script_.end.has_value()) {
          event.end = script_.end;
        } else {
          return;
        }
        tell_(std::move(event));
      });
    }

   private:
    FakeTransport& transport_;
    const PeerScript script_;
    const std::function<void(federation::PeerEvent)> tell_;
    std::size_t at_ = 0;
  };

  void Post(const void* owner, std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      work_.emplace_back(owner, std::move(work));
    }
    changed_.notify_all();
  }

  void Forget(const void* owner) {
    std::unique_lock lock(mutex_);
    std::erase_if(work_, [owner](const auto& item) { return item.first == owner; });
    changed_.wait(lock, [this, owner] { return running_ != owner; });
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
      if (stopping_) return;
      auto [owner, work] = std::move(work_.front());
      work_.pop_front();
      running_ = owner;
      lock.unlock();
      work();
      lock.lock();
      running_ = nullptr;
      changed_.notify_all();
    }
  }

  std::map<std::string, Play> plays_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<const void*, std::function<void()>>> work_;
  const void* running_ = nullptr;
  bool stopping_ = false;
  std::vector<std::pair<std::string, commons::v1::QueryRequest>> asked_;
  std::thread thread_;
};

}  // namespace gateway::testing
