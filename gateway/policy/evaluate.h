// What the rules say to one fully stated request, and why: the meaning that `policy test`,
// `explain` and `compare` share, and that tests/oracle/policy.py states a second time. Deny by
// default; every list is a set, so the order of a document that lint accepts never matters. Pure,
// total.
//
// In this order, for a release:
//   availability → party → purpose → the names that occur → forbid → floors → share rules
// 1 availability  the clock is sound, the policy has begun, no document has expired (plus grace),
//                 else POLICY_UNAVAILABLE
// 2 party         in the roster, or one of the groups peers, members, public, else UNKNOWN_PARTY
// 3 purpose       there (PURPOSE_REQUIRED), and on the policy's closed list (UNKNOWN_PURPOSE)
// 4 names         metric, stat and zone level exist, the bucket is longer than nothing, else
//                 BAD_REQUEST
// 5 forbid        FORBIDDEN by those that hold the request itself (purpose, party, metric, stat,
//                 level, bucket), whether or not a share rule would allow it, but for those that
//                 say age_below, which is about rules. Else, if there are share rules that concern
//                 the request and forbids take away all of them, FORBIDDEN by these
// 6 floors        FLOOR by those share rules that concern the request and are below the charter's
//                 floors or the bucket_min of their metric. Also one that a forbid took away counts
//                 here: one more forbid never lets anything through
// 7 share rules   OK by those that are left and allow it: of just this level and bucket, age_min no
//                 longer than the request's age, valid now. None: rules that only one thing keeps
//                 from allowing it are the closest; the code of the first of GRANULARITY (level,
//                 bucket or both), TOO_EARLY and EXPIRED_RULE that keeps any, by all that it keeps.
//                 None of these either: NOT_PERMITTED, by no rule
// A share rule concerns a request of the same metric, purpose and stat if it names the party or
// public.
// A zone level that nobody defined is finer than any limit: what cannot be judged is refused.
//
// The other actions do not need step 1: without fresh documents nothing is released, but
// collecting, keeping and residents' own affairs go on.
//   collect   BAD_REQUEST: no such metric. NOT_COLLECTED: no collect rule, or (by that rule) one
//             for another profile. NOT_KEPT (by the collect rule): no retain rule of tier raw
//   keep      BAD_REQUEST: no such metric. NOT_KEPT: no retain rule of the tier, or (by that rule)
//             older than its `keep` or the charter's keep_max
//   consent   BAD_REQUEST: no metric of households. NO_CONSENT: no consent rule, no adult, or (by
//             the rule) what they said is not enough. Opt-out, the notice given for long enough:
//             nobody says no. Else everybody says yes, and the oldest yes is not older than
//             `reconfirm`
//   answer, publish   NO_DUTY, or OK by all duties that name it
//   right     OK. Rights of residents (see, export, withdraw, erase, read the log) are looked up
//             nowhere: nothing can forbid them, no expiry stops them
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
  std::string profile;      // collect; empty: whichever may
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
  Safeguards safeguards;      // if allowed: the strictest of `rules` and the floors; what may be
                              // passed on by any of them may be
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
