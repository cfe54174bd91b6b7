#include "gateway/ingest/json_strict.h"

#include "gateway/ingest/number_text.h"

namespace gateway::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

// An ignored field may nest this deep; simdjson itself would go to 1024.
constexpr int kIgnoredDepthMax = 16;

}  // namespace

bool IsWellFormed(ondemand::value value, int depth) {
  if (depth > kIgnoredDepthMax) return false;
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::array: {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return false;
      for (auto element : array) {
        ondemand::value inner;
        if (element.get(inner) != simdjson::SUCCESS || !IsWellFormed(inner, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return false;
      for (auto field : object) {
        std::string_view key;
        ondemand::value inner;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
            field.value().get(inner) != simdjson::SUCCESS || !IsWellFormed(inner, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case ondemand::json_type::string: {
      std::string_view text;
      return value.get_string().get(text) == simdjson::SUCCESS;
    }
    case ondemand::json_type::number:
      return IsJsonNumber(Trim(value.raw_json_token()));
    case ondemand::json_type::boolean: {
      const std::string_view token = Trim(value.raw_json_token());
      return token == "true" || token == "false";
    }
    case ondemand::json_type::null:
      return Trim(value.raw_json_token()) == "null";
  }
  return false;
}

}  // namespace gateway::ingest
