// A commons of gateways in one process: each with its own log, documents and Questions, joined by a
// transport without a network; and a city that asks one of them and merges what comes back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/federation/merge.h"
#include "gateway/federation/questions.h"
#include "gateway/model/limits.h"
#include "gateway/policy/documents.h"
#include "tests/support/fake_transport.h"
#include "tests/support/test_gateway.h"

namespace gateway::federation {

using Replies = std::vector<commons::v1::QueryReply>;

// What a TestGateway released, as the port shows it.
class WorldCells final : public port::CellSource {
 public:
  explicit WorldCells(testing::TestGateway& gateway) : gateway_(gateway) {}

  // Logs the cells as one sheet, decided under a rule that named these.
  void Release(const std::vector<Cell>& cells, const std::string& purpose = "official-stats",
               const std::vector<std::string>& recipients = {"city-hall"},
               const std::string& purpose_iri = "https://w3id.org/dpv#ProvideOfficialStatistics");

  Status VisitCells(const port::CellFilter& filter,
                    const std::function<bool(const port::DecidedCell&)>& visit) const override;
  std::shared_ptr<const port::ActiveDocuments> documents() const override { return nullptr; }
  port::Moment moment() const override;
  bool replay() const override { return false; }
  std::string checkpoint() const override { return {}; }
  StatusOr<port::LoggedEntry> Logged(uint64_t leaf) const override;
  std::vector<port::RetractionRef> RetractionsOf(uint64_t leaf) const override;
  // Logs a retraction of each cell of the newest sheet.
  void RetractAll();

 private:
  testing::TestGateway& gateway_;
  std::vector<port::DecidedCell> cells_;
  std::map<uint64_t, std::vector<port::RetractionRef>> retractions_;
};

class World {
 public:
  // What happens on the way to a gateway: may change the request, and the replies after it.
  struct Way {
    std::function<void(commons::v1::QueryRequest&)> there;
    std::function<void(testing::PeerScript&)> back;
  };

  // `topology`: each gateway with the peers it passes questions on to. Every gateway has released
  // hours 0 and 1 of a day.
  explicit World(const std::map<std::string, std::vector<std::string>>& topology);

  WorldCells& CellsOf(const std::string& id) { return *nodes_.at(id).cells; }
  testing::TestGateway& GatewayOf(const std::string& id) { return *nodes_.at(id).gateway; }
  policy::Documents& DocumentsOf(const std::string& id) { return nodes_.at(id).documents; }
  void SetWay(const std::string& id, Way way) { nodes_.at(id).way = std::move(way); }
  // Cuts it off from its peers altogether.
  void Stop(const std::string& id) { stopped_.push_back(id); }
  ReplayClock& clock() { return clock_; }

  // A question of the city, good for five minutes from now.
  policy::Query Question(const std::string& purpose = "official-stats") const;
  std::string Signed(const policy::Query& query, char seed = 'c') const;
  // Everything that gateway `via` says to the party `caller`, or to a gateway of that id.
  Replies Ask(const std::string& via, const std::string& envelope,
              const std::string& caller = "city-hall", uint32_t hops = limits::kHopsMax,
              std::chrono::milliseconds timeout = std::chrono::seconds(20));
  Merged MergeAll(const policy::Query& query, const Replies& replies) const;
  // Question, asking and merging in one.
  Merged AskAll(const std::string& via, const std::string& purpose = "official-stats",
                uint32_t hops = limits::kHopsMax);

  const crypto::BoxKey& opener() const { return opener_; }

  // What gateways noted of questions: "gw-a city-hall official-stats answered", or "… not".
  std::vector<std::string> Noted() const {
    const MutexLock lock(noted_mutex_);
    return noted_;
  }

 private:
  struct Node {
    std::unique_ptr<testing::TestGateway> gateway;
    std::unique_ptr<WorldCells> cells;
    policy::Documents documents;
    std::unique_ptr<Answering> answering;
    std::unique_ptr<Questions> questions;
    Way way;
  };
  testing::PeerScript Play(const std::string& id, commons::v1::QueryRequest request);

  ReplayClock clock_;
  crypto::BoxKey opener_;
  mutable int asked_ = 0;
  std::map<std::string, Node> nodes_;
  std::vector<std::string> stopped_;
  testing::FakeTransport transport_;
  mutable Mutex noted_mutex_;
  std::vector<std::string> noted_ ABSL_GUARDED_BY(noted_mutex_);
};

// "gw-a answered OK 2, gw-b missing CUT_OFF 0": every gateway of the answer, in order.
std::string Told(const Merged& merged);

}  // namespace gateway::federation
