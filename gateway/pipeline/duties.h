// What the gateway owes by the policy's duties, and whether it was done in time. A duty overrides
// nothing: a miss is counted, named in the log and in `commons status`, once for each day or question,
// and that is all. docs/formats.md §tables, docs/operations.md.
//   publish  the sheet of the rule's metric, of each zone and civil day, is decided `within` its end
//   answer   a question that got no signed answer (BUSY, POLICY_UNAVAILABLE) is followed `within` by
//            one of that party and purpose that does; any signed answer will do, a refusal too
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/pipeline/open_days.h"
#include "gateway/policy/policy.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// A party's question, and whether it got a signed answer.
struct AskedQuestion {
  PartyId party;
  std::string purpose;
  bool answered = false;
  Time at;
};

// Confined to the pipeline thread.
class Duties {
 public:
  explicit Duties(store::Vault& vault) : vault_(vault) {}

  // Returns DataLoss if the row does not open or parse.
  Status Load();

  // Misses the undecided days whose time is over, and the unanswered questions likewise. Durable with
  // the next sync; on an error nothing is noted.
  Status Look(const policy::Policy& policy, const OpenDays& days, Time now);
  // `decided_at` is when by the gateway's time.
  void Decided(const policy::Policy& policy, const DayKey& key, const Window& day, Time decided_at);
  void Asked(const policy::Policy& policy, const PartyId& party, std::string_view purpose,
             bool answered, Time now);

  // With a checkpoint; it counts as written once Written is called.
  Status WriteTo(store::Batch& batch) const;
  void Written() { dirty_ = false; }

  // One line for each duty of the policy: its id and state (not-set, pending, fulfilled, violated), and
  // what was missed.
  std::vector<std::string> Describe(const policy::Policy& policy, const OpenDays& days,
                                    Time now) const;
  uint64_t missed() const;  // since the store was made

 private:
  struct Record {
    uint64_t fulfilled = 0, missed = 0;
    bool last_missed = false;
    Time last_miss;  // start of the day, or when the question was asked
  };
  using DayMiss = std::pair<RuleId, DayKey>;
  using QuestionKey = std::tuple<RuleId, PartyId, std::string>;  // duty, …, purpose
  struct Question {
    Time since;
    bool missed = false;
  };
  void Miss(const RuleId& duty, Time of);
  void Fulfil(const RuleId& duty);
  std::string Encode() const;
  Status Decode(std::string_view bytes);

  store::Vault& vault_;
  std::map<RuleId, Record> records_;
  std::set<DayMiss> overdue_;  // of days that are still open
  std::map<QuestionKey, Question> open_;
  bool dirty_ = false;
};

}  // namespace gateway::pipeline
