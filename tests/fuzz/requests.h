// Requests to whatever documents a fuzz target read, at the limits of their rules, and what must hold
// of every answer.
#pragma once

#include "gateway/policy/documents.h"
#include "gateway/policy/evaluate.h"

namespace gateway::fuzz {

// Of the first rules of each kind, so that a long document takes no longer than a short one.
void AskAboutEveryRule(const policy::Documents& documents);

// Evaluates, twice, and checks that an allowed release is one that its rules say by themselves.
policy::Decision Ask(const policy::Documents& documents, const policy::Request& request);

}  // namespace gateway::fuzz
