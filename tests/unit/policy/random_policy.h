// Small documents at random, and questions to them, for tests that hold for all documents. They
// parse, and their names exist, but lint may refuse them: what rules mean must not depend on that.
// The same seed gives the same documents on every platform.
#pragma once

#include <random>

#include "gateway/policy/documents.h"
#include "gateway/policy/evaluate.h"

namespace gateway::policy {

Documents RandomDocuments(std::mt19937_64& random);

// A few changes to them, of the kind that stewards make: numbers, names, rules more or less.
// Names may be left behind that exist no longer.
Documents RandomChange(Documents documents, std::mt19937_64& random);

// Of any action; at the borders of the rules, beside them, and far from them.
Request RandomRequest(const Documents& documents, std::mt19937_64& random);

// When to ask: the borders of the rules' validity, and times beside them.
Time RandomTime(const Documents& documents, std::mt19937_64& random);

}  // namespace gateway::policy
