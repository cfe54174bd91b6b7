// A core on its own over a real store, for tests of what is kept: three metrics, one of each kind,
// readings straight into journal and fold, and time as an argument.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/pipeline/core.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {

class Kept {
 public:
  // `retain`: YAML list entries of the policy, each on its line. The metrics are called "used"
  // (delta), "index" (counter) and "warm" (gauge), each every half hour.
  explicit Kept(const std::string& retain, int households = 1, bool shared = true);
  ~Kept();

  Core& core() { return *core_; }
  store::Vault& vault() { return *vault_; }
  store::Journal& journal() { return *journal_; }
  IntakeCounters& counters() { return counters_; }

  // Journals and folds one reading that arrives at `arrival`.
  void Send(int household, const std::string& metric, Time time, int64_t value, Time arrival);
  // The same, arriving at its own time.
  void Send(int household, const std::string& metric, Time time, int64_t value) {
    Send(household, metric, time, value, time);
  }
  void Retain(Time now, const std::function<bool()>& go_on = nullptr);
  void Decide(Time now);

  // What is stored now, as on disk after a checkpoint; readings ascending.
  std::vector<Reading> Raw(int household, const std::string& metric);
  std::vector<Rollup> Rolled(int household, const std::string& metric);
  std::map<std::string, uint64_t> Counts();

  OwnerId OwnerOf(int household) const { return owners_[static_cast<std::size_t>(household)]; }
  SeriesId SeriesOf(int household, const std::string& metric) const;

  // The process dies: a copy of the files as they are is opened.
  void Crash();
  // Closes everything and opens it again.
  void Reopen();

 private:
  void Open();
  void Shut();

  Commons commons_;
  std::filesystem::path dir_;
  int crashes_ = 0;
  std::vector<OwnerId> owners_;
  IntakeCounters counters_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<store::Syncer> syncer_;
  std::unique_ptr<store::Losses> losses_;
  std::unique_ptr<Core> core_;
};

}  // namespace gateway::pipeline
