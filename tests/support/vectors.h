// Published test vectors, which live outside the repository: in $COMMONS_SHARED, or beside the
// source tree. A test that needs some skips by name when they are not there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace gateway::testing {

inline std::filesystem::path VectorPath(const std::string& name) {
  const char* shared = std::getenv("COMMONS_SHARED");
  const std::filesystem::path root =
      shared != nullptr ? std::filesystem::path(shared)
                        : std::filesystem::path(GATEWAY_SOURCE_DIR).parent_path() / "shared";
  return root / "vectors" / name;
}

// Empty if there is no such file; a file that does not parse throws, which fails the test.
inline std::optional<nlohmann::json> LoadVectors(const std::string& name) {
  std::ifstream file(VectorPath(name));
  if (!file) return std::nullopt;
  return nlohmann::json::parse(file);
}

}  // namespace gateway::testing
