// Strictness that simdjson's on-demand reader leaves to its caller: it skips what nobody asks for
// without looking at it. A payload that is only half JSON comes from a broken device, so ignored
// fields are walked as well. For the sources of this module only, since it shows simdjson.
#pragma once

#include <simdjson.h>

namespace gateway::ingest {

// Whether `value`, `depth` levels below the root, is JSON to its end.
bool IsWellFormed(simdjson::ondemand::value value, int depth);

}  // namespace gateway::ingest
