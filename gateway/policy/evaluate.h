// What the rules say to one fully stated request, and why: the meaning that `policy test`, `explain`
// and `compare` share, and that tests/oracle/policy.py states a second time. Deny by default; every
// list is a set, so the order of a document never matters. Pure, total.
//
// In this order, for a release:
//   availability → party → purpose → the names that occur → forbid → floors → share rules
// 1 availability  the clock is sound, the policy has begun, no document has expired (plus grace)
// 2 party         in the roster, or one of the groups peers, members, public
// 3 purpose       there, and on the policy's closed list
// 4 names         metric, stat and zone level exist, else BAD_REQUEST
// 5 forbid        of the request itself (purpose, party, metric, stat, level, bucket), whether or not a
//                 share rule would allow it; age_below needs a rule, so it acts on the next step
// 6 floors        FLOOR if a share rule that concerns the request is below the charter's floors
// 7 share rules   those that allow it, all of them; none: the code of the one thing that kept the
//                 closest from allowing it (GRANULARITY, TOO_EARLY, EXPIRED_RULE), else NOT_PERMITTED
// A share rule concerns a request of the same metric, purpose and stat whose party it names. What a
// forbid takes away from it (FORBIDDEN if that leaves none) it takes after the floors were looked at,
// so that one more forbid never lets anything through.
// Rights of residents (see, export, withdraw, erase, read the log) are looked up nowhere: nothing can
// forbid them, no expiry stops them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/model/ids.h"
#include "gateway/policy/documents.h"

namespace gateway::policy {

enum class Action { kRelease, kCollect, kKeep, kConsent, kAnswer, kPublish, kRight };
// "release", "collect", "keep", "consent", "answer", "publish", "right".
std::string_view ActionName(Action action);

// What an adult of a household said about a metric.
enum class Voice { kYes, kSilent, kNo };

// Which fields count depends on the action; the others are ignored.
struct Request {
  Action action = Action::kRelease;
  PartyId party;            // release, answer: a party of the roster, or peers, members, public
  std::string purpose;      // release, answer
  MetricId metric;          // release, collect, keep, consent
  std::string stat;         // release
  std::string zone_level;   // release
  Millis bucket{0};         // release; a civil day is 24 h. keep of rollups: not needed
  Millis age{0};            // release: since the figure's bucket ended. keep: since the reading, or
                            // since what is rolled up together began
  RetainTier tier = RetainTier::kRaw;  // keep
  std::string profile;      // collect; empty: none in particular
  std::vector<Voice> adults;  // consent: all adults of the household
  Millis since{0};          // consent: since the oldest yes, and since the notice was given
  RuleId rule;              // publish: whose cells
};

// What protects those whom an allowed request is about, and what else bounds it. Fields that the
// action does not know stay as they are here.
struct Safeguards {
  uint32_t k_min = 0;
  uint32_t top1_max_pct = 100;
  uint32_t top2_max_pct = 100;
  int64_t round_to = 0;
  std::optional<uint64_t> min_count;
  bool redistribution = false;
  Coarsening coarsen;  // collect
  Millis within{0};    // answer, publish

  friend bool operator==(const Safeguards&, const Safeguards&) = default;
};

// The codes beside those of QueryCodeName.
inline constexpr std::string_view kNotCollected = "NOT_COLLECTED";
inline constexpr std::string_view kNotKept = "NOT_KEPT";
inline constexpr std::string_view kNoConsent = "NO_CONSENT";
inline constexpr std::string_view kNoDuty = "NO_DUTY";

struct Decision {
  bool allowed = false;
  std::string_view code;      // static; "OK" if allowed
  std::vector<RuleId> rules;  // what decided, sorted; empty where no rule did
  Safeguards safeguards;      // if allowed: the strictest of `rules` and the floors
};

// One step on the way: what was looked at, and what it said.
struct TraceStep {
  std::string step;    // "availability", "party", …, "forbid", "share"
  RuleId rule;         // if it is one rule's
  int line = 0;        // of the rule, in the policy
  std::string clause;  // for people: "age_min P1D: the figure is 2h old"
  bool passed = false;  // the request goes on past it; of a forbid: it does not match
};
using Trace = std::vector<TraceStep>;

// `now` is the gateway's time. `trace`, if given, is appended to.
Decision Evaluate(const Documents& documents, const Request& request, Time now, bool clock_sound,
                  Trace* trace = nullptr);

// The same without the first step: what the rules mean while they are in force. Validity of single
// rules is looked at.
Decision EvaluateRules(const Documents& documents, const Request& request, Time now,
                       Trace* trace = nullptr);

}  // namespace gateway::policy
