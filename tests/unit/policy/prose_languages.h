// The languages of gateway/policy/prose.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "gateway/base/check.h"
#include "gateway/policy/phrases.h"

namespace gateway::policy {

inline std::string SourceText(const std::string& path) {
  std::ifstream in(std::string(GATEWAY_SOURCE_DIR) + "/" + path);
  GW_CHECK(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::string LanguageText(std::string_view language) {
  return SourceText("gateway/policy/prose/" + std::string(language) + ".yaml");
}

// Fails the test if the file is refused.
inline Phrases LanguageOf(std::string_view language) {
  const StatusOr<Phrases> phrases = Phrases::Parse(LanguageText(language), language);
  EXPECT_TRUE(phrases.ok()) << language << ": " << phrases.status();
  return phrases.ok() ? *phrases : Phrases();
}

}  // namespace gateway::policy
