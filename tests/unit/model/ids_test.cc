#include "gateway/model/ids.h"

#include <gtest/gtest.h>

#include <string>

namespace gateway {
namespace {

TEST(DocumentIdTest, IsLowerCaseStartsWithALetterAndHasAtMost48Characters) {
  EXPECT_TRUE(IsDocumentId("load-hourly"));
  EXPECT_TRUE(IsDocumentId("a" + std::string(47, '9')));
  for (const std::string& bad : {std::string(), std::string("1a"), std::string("-a"),
                                 std::string("Load"), std::string("a_b"), std::string("a b"),
                                 "a" + std::string(48, '9')}) {
    EXPECT_FALSE(IsDocumentId(bad)) << bad;
  }
}

}  // namespace
}  // namespace gateway
