// Decisions: may a metric's readings be collected, may a party have what it asks for? Every
// decision names its rule. Deny by default. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/model/ids.h"
#include "gateway/policy/policy.h"

namespace gateway::policy {

enum class CollectCode {
  kAdmitted,
  kUnknownMetric,  // the policy does not name the metric
  kNoCollectRule,  // nothing says that it may be collected
  kOtherProfile,   // it may be, through another ingest profile
  kNoRetainRule,   // nothing says how long it is kept: not stored at all
};

struct CollectDecision {
  CollectCode code = CollectCode::kUnknownMetric;
  RuleId rule;  // the collect rule, if there is one
};

// `profile` is what reads the device; empty: none that a rule could name.
CollectDecision DecideCollect(const Policy& policy, const MetricId& metric,
                              std::string_view profile);

// Why a question is answered or not. The first group is decided before who asks is known; none of
// them depends on anybody's data, so all are safe to tell.
enum class QueryCode {
  kOk,
  kBadRequest,         // malformed, or names a metric, rule or zone that does not exist
  kUnknownParty,       // signed by nobody in the roster
  kBadSignature,       // not the bytes that the named key signed
  kWrongCommons,
  kWrongParty,         // signed by another party than the one that sends it
  kExpired,            // not issued yet, expired, or asked before this gateway started
  kReplayed,           // asked before
  kBusy,               // too many questions at once: try again
  kPolicyUnavailable,  // no rules in force, or a clock that cannot be trusted
  kPurposeRequired,
  kUnknownPurpose,
  kForbidden,     // a forbid names the purpose
  kFloor,         // a rule that allows it is below the charter's floors
  kNotPermitted,  // no share rule allows it
  kGranularity,   // one would, for another bucket length or level of zones
  kTooEarly,      // one would, for older data
  kExpiredRule,   // one would, but is not valid now
};
// "OK", "BAD_REQUEST", "FORBIDDEN", …: on the wire and for people.
std::string_view QueryCodeName(QueryCode code);

// What is asked for. Empty and unset fields match everything that the asker may have.
struct Question {
  std::string purpose;
  MetricId metric;
  RuleId rule;
  ZoneId zone;
  std::optional<Millis> bucket;  // exactly this length; a civil day is 24 h
  std::optional<Time> from;      // cells that end after this
  std::optional<Time> until;     // cells that start before this
};

struct QueryDecision {
  QueryCode code = QueryCode::kPolicyUnavailable;
  // What decided: the share rules that allow it, the forbid or floor that refuses it, or the rule
  // that came closest. Empty where there is none to name.
  std::vector<RuleId> rules;
};

struct Documents;

// Whether a party is among the recipients of a share rule: named itself, or with all by `public`.
bool IsRecipient(const std::vector<std::string>& to, const PartyId& party);

// Whether cells of an earlier form of a share rule may still go to `party`. A decided cell stays as it
// is when the rules get tighter: whoever serves it asks with `decided`, the rule as the cell tells it,
// and as `age_min` the cell's age.
bool MayStillHave(const Documents& documents, const ShareRule& decided, const PartyId& party);

// `party` may have a cell of a share rule whose recipient it is. In this order:
// availability, purpose, what the question names, forbid, floors, share rules; a refusal for want
// of a share rule says GRANULARITY, TOO_EARLY or EXPIRED_RULE if just that kept the closest rule
// from allowing it. `now` is the gateway's time, which may be recorded.
QueryDecision DecideQuery(const Documents& documents, const PartyId& party,
                          const Question& question, Time now, bool clock_sound);

}  // namespace gateway::policy
