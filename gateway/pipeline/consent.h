// Whether a household takes part in a figure. Pure; policy::Evaluate says the same of one household
// whose adults' voices are known (evaluate.h), and tests/unit/pipeline/consent_modes_test.cc compares.
//
// A yes is a grant that covers the share rule, holds from the day's start to the decision, was not
// withdrawn, came after every objection to the metric, and began no longer than the consent
// rule's `reconfirm` before the decision. A no is an objection to the metric, or a grant for it that was
// withdrawn: nobody is asked who of the household says so.
//   opt-in   every adult has said yes
//   opt-out  likewise; or nobody has said no, and every adult had the notice, in this gateway's hand,
//            `notice` or longer before the day's start
// All of it only of a household that a steward has confirmed; no consent rule, no yes.
#pragma once

#include "gateway/pipeline/registry.h"
#include "gateway/policy/grant.h"

namespace gateway::pipeline {

// `stands_since`: since when the metric's consent rule has stood unchanged; a notice of before that,
// of the same words, tells nobody that they are back.
bool HouseholdGrants(const Household& household, const policy::ShareRule& rule,
                     const policy::Policy& policy, Time from, Time until, Time stands_since);

// Notes which of the policy's consent rules every adult knew when accepting: those that stood, by
// `since`, when the last of them did, if all say that they had the policy of that hash.
void NoteNotices(const Rules& rules, const std::string& policy_hash,
                 const std::vector<policy::Acceptance>& acceptances, Time now,
                 Household& household);

// The household says no to `metric`, or to everything if it is empty, from now on. Returns false if it
// has and no later grant could have changed that.
bool Object(const std::string& metric, Time now, Household& household);

}  // namespace gateway::pipeline
