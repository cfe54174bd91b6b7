// The numbers of payloads as text: what is one, and what a broken printf writes instead.
#pragma once

#include <string_view>

namespace gateway::ingest {

// RFC 8259's number. Decimal is laxer (leading zeros).
bool IsJsonNumber(std::string_view text);

// nan, inf or infinity, in any case and with any sign.
bool IsNotANumber(std::string_view text);

// Without the blanks of JSON on both sides.
std::string_view Trim(std::string_view text);

}  // namespace gateway::ingest
