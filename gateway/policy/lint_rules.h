// The part of lint that is about purposes, consent, forbids, duties and the charter's floors of
// keeping and of zones. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/policy/lint.h"

namespace gateway::policy {

std::vector<Finding> LintRules(const Charter& charter, const Policy& policy,
                               const Roster& roster);

// Whether a purpose of the Data Privacy Vocabulary (w3id.org/dpv, 2.x) has narrower ones, so that a
// yes to it would be a yes to all of them.
bool HasNarrowerPurposes(std::string_view iri);

}  // namespace gateway::policy
