#include "gateway/proof/base64.h"

#include <gtest/gtest.h>

namespace gateway::proof {
namespace {

TEST(Base64Test, AgreesWithTheVectorsOfRfc4648) {
  struct Case {
    const char* bytes;
    const char* text;
  };
  for (const Case& c : {Case{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(Base64Encode(c.bytes), c.text);
    const StatusOr<std::string> decoded = Base64Decode(c.text);
    ASSERT_TRUE(decoded.ok()) << c.text;
    EXPECT_EQ(*decoded, c.bytes);
  }
}

TEST(Base64Test, EveryByteSurvives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
    const StatusOr<std::string> decoded = Base64Decode(Base64Encode(bytes));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Test, NoTextHasTwoSpellings) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zn==", "Zm9=", "Zm9", "=", "====", "Z", "Zm9v=", "Zm9v====",
        "Zg==Zg==", "Z m9v", "Zm9v\n", " Zm9v", "Zm-v", "Zm_v", "Zg==\n", "Zg==x"}) {
    EXPECT_EQ(Base64Decode(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace gateway::proof
