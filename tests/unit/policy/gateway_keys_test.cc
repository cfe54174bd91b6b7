#include "gateway/policy/gateway_keys.h"

#include <gtest/gtest.h>

#include <vector>

namespace gateway::policy {
namespace {

GatewayKeys SomeKeys() {
  return {.id = GatewayId("gw-a"),
          .tls = std::string(32, '\x11'),
          .sign = std::string(32, '\x22'),
          .log = std::string(32, '\x33')};
}

TEST(GatewayKeysTest, TheLineIsTheDocumentedOne) {
  EXPECT_EQ(FormatGatewayKeys(SomeKeys()),
            "commons-gateway-v1 gw-a "
            "sha256:1111111111111111111111111111111111111111111111111111111111111111 "
            "ed25519:2222222222222222222222222222222222222222222222222222222222222222 "
            "ed25519:3333333333333333333333333333333333333333333333333333333333333333\n");
}

TEST(GatewayKeysTest, ParsesWhatItFormats) {
  const std::string line = FormatGatewayKeys(SomeKeys());
  for (const std::string& text : {line, line.substr(0, line.size() - 1)}) {
    const StatusOr<GatewayKeys> keys = ParseGatewayKeys(text);
    ASSERT_TRUE(keys.ok()) << keys.status();
    EXPECT_EQ(*keys, SomeKeys());
  }
}

TEST(GatewayKeysTest, AnythingElseIsRefused) {
  const std::string line = FormatGatewayKeys(SomeKeys());
  GatewayKeys unnamed = SomeKeys();
  unnamed.id = GatewayId();
  GatewayKeys misnamed = SomeKeys();
  misnamed.id = GatewayId("Gw_A");
  std::string swapped = line;  // the pin where a key belongs
  swapped.replace(swapped.find("ed25519:"), 8, "sha256:");
  for (const std::string& text : std::vector<std::string>{
           "", "\n", line + "\n", line + line, " " + line, line.substr(0, line.size() - 2),
           "commons-gateway-v2" + line.substr(18), FormatGatewayKeys(unnamed),
           FormatGatewayKeys(misnamed), swapped, line.substr(0, line.size() - 1) + " more\n",
           line.substr(0, line.size() - 1) + "\r\n"}) {
    EXPECT_EQ(ParseGatewayKeys(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace gateway::policy
