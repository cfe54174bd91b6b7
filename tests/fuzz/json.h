// A second opinion on what is JSON.
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace gateway::fuzz {

inline bool IsJson(std::string_view text) {
  try {
    return !nlohmann::json::parse(text).is_discarded();
  } catch (const nlohmann::json::out_of_range&) {
    return true;  // a number too large for a double is a number: it ends the check there
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

}  // namespace gateway::fuzz
