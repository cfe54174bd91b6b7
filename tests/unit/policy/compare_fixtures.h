// Riverside with rules of all kinds, and changes to it, for the tests of comparisons.
#pragma once

#include <functional>

#include "gateway/policy/documents.h"

namespace gateway::policy {

// Riverside, with one rule of each kind that it does not have.
Documents Riverside();

using Change = std::function<void(Documents&)>;
Documents Changed(Documents documents, const Change& change);

}  // namespace gateway::policy
