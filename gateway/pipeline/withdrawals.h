// What the file of withdrawals says of a household, in pseudonyms that mean nothing without the store's
// keys. Pure but for them.
#pragma once

#include <set>
#include <string>

#include "gateway/pipeline/registry.h"
#include "gateway/policy/policy.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

// Of withdrawn grants; of objections, the earlier ones of a metric too, as they are looked for in turn;
// and of the grants that an objection to a metric came after, for they may come again after a restore.
std::set<std::string> PseudonymsOf(const store::Vault& vault, const Household& household);

bool WasWithdrawn(const store::Vault& vault, const std::set<std::string>& list,
                  const policy::Grant& grant);

// The household's last grant may have come before an objection to a metric of it, and a restore taken it
// away: it is overruled again.
void OverruleAgain(const store::Vault& vault, const std::set<std::string>& list,
                   Household& household);

// Adds the objections that the list has and the household does not, as of `now` and after all of its
// grants. `policy` may be null: then only those to metrics that the household objected to before, and
// to everything, are found. Returns whether there were any.
bool RestoreObjections(const store::Vault& vault, const std::set<std::string>& list,
                       const policy::Policy* policy, Time now, Household& household);

}  // namespace gateway::pipeline
