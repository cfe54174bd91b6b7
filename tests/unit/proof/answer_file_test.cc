#include "gateway/proof/answer_file.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"

namespace gateway::proof {
namespace {

TEST(AnswerFileTest, BytesAreTheDocumentedOnes) {
  const std::string bytes = EncodeAnswerFile({.query = "q", .answers = {"a", "b"}});
  EXPECT_EQ(HexEncode(bytes), "08011201711a01611a0162");
  const auto file = DecodeAnswerFile(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->query, "q");
  EXPECT_EQ(file->answers, (std::vector<std::string>{"a", "b"}));
}

TEST(AnswerFileTest, RefusesEverythingElse) {
  const std::string bytes = EncodeAnswerFile({.query = "q", .answers = {"a"}});
  for (const std::string& other :
       {std::string(), std::string("\x08\x02"), std::string("not a file"), bytes + bytes,
        bytes + std::string("\xf8\x06\x01", 3), bytes.substr(0, bytes.size() - 1)}) {
    EXPECT_EQ(DecodeAnswerFile(other).status().code(), StatusCode::kInvalidArgument)
        << HexEncode(other);
  }
}

}  // namespace
}  // namespace gateway::proof
