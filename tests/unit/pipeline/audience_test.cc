#include "gateway/pipeline/audience.h"

#include <gtest/gtest.h>

#include "gateway/model/limits.h"

namespace gateway::pipeline {
namespace {

policy::Policy PolicyOf(uint64_t version, const std::string& rule, const std::string& purpose,
                        const std::string& iri, std::vector<std::string> to) {
  policy::Policy policy;
  policy.version = version;
  policy.purposes = {{.id = purpose, .iri = iri}};
  policy::ShareRule share;
  share.id = RuleId(rule);
  share.purpose = purpose;
  share.to = std::move(to);
  policy.share = {std::move(share)};
  return policy;
}

TEST(AudienceTest, EachVersionHasThoseItNamed) {
  Audiences audiences;
  ASSERT_TRUE(AppendAudiences(PolicyOf(1, "r", "p", "i", {"a"}), audiences).ok());
  ASSERT_TRUE(AppendAudiences(PolicyOf(2, "r", "p", "i", {"a"}), audiences).ok());
  ASSERT_TRUE(AppendAudiences(PolicyOf(5, "r", "p", "i", {"a", "b"}), audiences).ok());
  ASSERT_TRUE(AppendAudiences(PolicyOf(6, "r", "p", "other", {"a", "b"}), audiences).ok());
  ASSERT_TRUE(AppendAudiences(PolicyOf(7, "r2", "p", "i", {"c"}), audiences).ok());
  ASSERT_EQ(audiences[RuleId("r")].size(), 3u);  // version 2 changed nothing
  struct Case {
    uint64_t version;
    std::vector<std::string> recipients;
    std::string iri;
  };
  for (const Case& c : {Case{1, {"a"}, "i"}, {2, {"a"}, "i"}, {4, {"a"}, "i"}, {5, {"a", "b"}, "i"},
                        {6, {"a", "b"}, "other"}, {7, {"a", "b"}, "other"}}) {
    const Audience* audience = FindAudience(audiences, RuleId("r"), c.version);
    ASSERT_NE(audience, nullptr) << c.version;
    EXPECT_EQ(audience->recipients, c.recipients) << c.version;
    EXPECT_EQ(audience->purpose_iri, c.iri) << c.version;
  }
  EXPECT_EQ(FindAudience(audiences, RuleId("r"), 0), nullptr);
  EXPECT_EQ(FindAudience(audiences, RuleId("r2"), 6), nullptr);
  EXPECT_EQ(FindAudience(audiences, RuleId("r3"), 9), nullptr);
}

TEST(AudienceTest, RowsComeBackAndOtherBytesAreDataLoss) {
  Audiences audiences;
  ASSERT_TRUE(AppendAudiences(PolicyOf(1, "r", "p", "i", {"a", "b"}), audiences).ok());
  ASSERT_TRUE(AppendAudiences(PolicyOf(2, "r", "p", "i", {"c"}), audiences).ok());
  const std::string bytes = EncodeAudiences(audiences);
  const auto decoded = DecodeAudiences(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, audiences);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeAudiences(bytes.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(DecodeAudiences(bytes + "x").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeAudiences("\x05\x02").status().code(), StatusCode::kDataLoss);
}

TEST(AudienceTest, ChangesAreBounded) {
  Audiences audiences;
  audiences[RuleId("r")].resize(limits::kAudiencesMax);
  EXPECT_EQ(AppendAudiences(PolicyOf(1, "r2", "p", "i", {"a"}), audiences).code(),
            StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace gateway::pipeline
