#include "tests/unit/policy/compare_fixtures.h"

#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {

Documents Riverside() {
  Documents documents;
  documents.charter = CharterOf(CharterText());
  documents.policy = PolicyOf(PolicyText());
  documents.roster = RosterOf(RosterText());
  Policy& policy = documents.policy;
  policy.forbid.push_back({.id = RuleId("f-fine"), .zone_below = "block", .reason = "too close"});
  policy.duty.push_back({.id = RuleId("d-answer"),
                         .to = {"city-hall"},
                         .purposes = {"official-stats"},
                         .within = std::chrono::days(3)});
  policy.duty.push_back({.id = RuleId("d-publish"),
                         .kind = DutyKind::kPublish,
                         .rule = RuleId("pm25-daily"),
                         .within = std::chrono::days(2)});
  return documents;
}

Documents Changed(Documents documents, const Change& change) {
  change(documents);
  return documents;
}

}  // namespace gateway::policy
