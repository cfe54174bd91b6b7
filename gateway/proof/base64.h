// Base64 (RFC 4648 §4, padded) as the formats of the C2SP use it. One spelling only: decoding
// refuses missing padding, spaces, and set bits that no byte uses, so that no signed text has two
// forms. Internal to proof.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::proof {

std::string Base64Encode(std::string_view bytes);
// Returns InvalidArgument if the text is not what Base64Encode makes.
StatusOr<std::string> Base64Decode(std::string_view text);

}  // namespace gateway::proof
