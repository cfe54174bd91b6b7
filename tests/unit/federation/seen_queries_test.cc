#include "gateway/federation/seen_queries.h"

#include <gtest/gtest.h>

#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

using policy::QueryCode;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kStart{Millis{1'767'225'600'000}};
const PartyId kCity("city-hall");

policy::Query Asked(const std::string& nonce, Time issued) {
  policy::Query query;
  query.nonce = nonce;
  query.issued = issued;
  query.expires = issued + minutes(5);
  return query;
}

TEST(SeenQueriesTest, AQuestionIsTakenOnceAndForgottenWhenItExpires) {
  SeenQueries seen(kStart);
  const policy::Query query = Asked("n", kStart);
  EXPECT_EQ(seen.Take(kCity, query, kStart), QueryCode::kOk);
  EXPECT_EQ(seen.Take(kCity, query, kStart), QueryCode::kReplayed);
  EXPECT_EQ(seen.Take(kCity, query, query.expires - Millis(1)), QueryCode::kReplayed);
  // From its expiry on it need not be remembered.
  EXPECT_EQ(seen.Take(kCity, query, query.expires), QueryCode::kExpired);
}

TEST(SeenQueriesTest, AClockThatIsSetBackOpensNoForgottenQuestionAgain) {
  SeenQueries seen(kStart);
  const policy::Query query = Asked("n", kStart);
  EXPECT_EQ(seen.Take(kCity, query, kStart), QueryCode::kOk);
  const policy::Query later = Asked("m", kStart + minutes(5));
  EXPECT_EQ(seen.Take(kCity, later, later.issued), QueryCode::kOk);
  EXPECT_EQ(seen.Take(kCity, query, kStart + minutes(4)), QueryCode::kExpired);
}

TEST(SeenQueriesTest, PartiesDoNotTakeEachOthersNonces) {
  SeenQueries seen(kStart);
  EXPECT_EQ(seen.Take(kCity, Asked("n", kStart), kStart), QueryCode::kOk);
  EXPECT_EQ(seen.Take(PartyId("lab"), Asked("n", kStart), kStart), QueryCode::kOk);
}

TEST(SeenQueriesTest, WhatWasAskedBeforeTheStartIsExpired) {
  SeenQueries seen(kStart);
  EXPECT_EQ(seen.Take(kCity, Asked("n", kStart - Millis(1)), kStart), QueryCode::kExpired);
  EXPECT_EQ(seen.Take(kCity, Asked("n", kStart), kStart), QueryCode::kOk);
}

TEST(SeenQueriesTest, OnePartyCannotFillTheMemoryOfAll) {
  SeenQueries seen(kStart);
  for (std::size_t i = 0; i < limits::kNoncesPerPartyMax; ++i) {
    ASSERT_EQ(seen.Take(kCity, Asked(std::to_string(i), kStart), kStart), QueryCode::kOk);
  }
  EXPECT_EQ(seen.Take(kCity, Asked("one more", kStart), kStart), QueryCode::kBusy);
  EXPECT_EQ(seen.Take(PartyId("lab"), Asked("n", kStart), kStart), QueryCode::kOk);
  const Time later = kStart + minutes(5);
  EXPECT_EQ(seen.Take(kCity, Asked("one more", later), later), QueryCode::kOk);
}

TEST(SeenQueriesTest, AllTogetherAreBounded) {
  SeenQueries seen(kStart);
  std::size_t taken = 0;
  for (int party = 0; taken < limits::kNoncesMax; ++party) {
    const PartyId id("party-" + std::to_string(party));
    for (std::size_t i = 0; i < limits::kNoncesPerPartyMax && taken < limits::kNoncesMax; ++i) {
      ASSERT_EQ(seen.Take(id, Asked(std::to_string(i), kStart), kStart), QueryCode::kOk);
      ++taken;
    }
  }
  EXPECT_EQ(seen.Take(PartyId("last"), Asked("n", kStart), kStart), QueryCode::kBusy);
}

}  // namespace
}  // namespace gateway::federation
