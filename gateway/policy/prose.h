// The documents as plain sentences that an assembly can read aloud and vote on. All that a document
// says is said, in the meaning of policy.h, charter.h and evaluate.h: two documents of different
// meaning never read the same. Headings and bullets are Markdown's. Pure.
#pragma once

#include <string>

#include "gateway/policy/charter.h"
#include "gateway/policy/phrases.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

// What is to be read; null: not given. Beside the charter a policy also says where that overrules
// it, and beside the roster what kind of party a recipient is.
struct ProseSource {
  const Charter* charter = nullptr;
  const Policy* policy = nullptr;
  const Roster* roster = nullptr;
};

// The charter, the policy and the roster, in this order. They need not fit together: lint.h is for
// that.
std::string Prose(const ProseSource& source, const Phrases& phrases);

}  // namespace gateway::policy
