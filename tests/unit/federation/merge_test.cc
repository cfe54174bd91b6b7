#include "gateway/federation/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "tests/support/prng.h"
#include "tests/support/test_gateway.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::federation {
namespace {

using gateway::testing::Prng;
using gateway::testing::TestGateway;
using ::testing::IsEmpty;
using Replies = std::vector<Reply>;

const std::string kQuery(32, 'q');

crypto::BoxKey MakeOpener() {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::BoxKey> key = crypto::BoxKey::Generate();
  GW_CHECK(key.ok());
  return *std::move(key);
}

Replies operator+(Replies left, const Replies& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Reply Hearsay(const std::string& gateway, const std::string& outcome, const std::string& code) {
  return {.gateway = gateway, .sealed = "", .outcome = outcome, .code = code};
}

// "answered OK", for the n-th gateway.
std::string Said(const Merged& merged, std::size_t n = 0) {
  const CoverageRow& row = merged.coverage.at(n);
  return std::string(CoverageName(row.status)) + " " + row.code;
}

std::multiset<std::string> CellsOf(const Merged& merged) {
  std::multiset<std::string> cells;
  for (const auto& verified : merged.cells) {
    const Cell& cell = verified.cell;
    cells.insert(Format("%s %s %d", cell.gateway.value(), cell.rule.value(),
                        cell.window.start.time_since_epoch().count()));
  }
  return cells;
}

bool AnyTwice(const Merged& merged) {
  const auto cells = CellsOf(merged);
  return std::set<std::string>(cells.begin(), cells.end()).size() != cells.size();
}

// Gateways gw-a, gw-b and gw-c, each with released hours 0 and 1 in one sheet and 2 in another.
class MergeTest : public crypto::CryptoTest {
 protected:
  MergeTest() {
    for (TestGateway* gateway : {&a_, &b_, &c_}) {
      gateway->Release({gateway->MakeCell(0), gateway->MakeCell(1)});
      gateway->Release({gateway->MakeCell(2)});
    }
    asked_.query.commons = "riverside";
    asked_.query.hash = kQuery;
    asked_.gateways = {a_.keys(), b_.keys(), c_.keys()};
  }

  Reply Seal(const std::string& envelope, const std::string& said) const {
    const auto sealed = crypto::SealBox(opener_.public_key(), envelope);
    GW_CHECK(sealed.ok());
    return {.gateway = said, .sealed = *sealed, .outcome = "", .code = ""};
  }
  Reply From(const TestGateway& gateway, const proof::AnswerPart& part) const {
    return Seal(gateway.Sign(part), gateway.keys().gateway.value());
  }
  // One of the two parts of a gateway's whole answer.
  Reply First(const TestGateway& gateway) const {
    return From(gateway, gateway.Part(kQuery, {gateway.Sheet(0)}, 0, false));
  }
  Reply Second(const TestGateway& gateway) const {
    return From(gateway, gateway.Part(kQuery, {gateway.Sheet(1)}, 1, true));
  }
  Replies Whole(const TestGateway& gateway) const { return {First(gateway), Second(gateway)}; }
  Reply Refusal(const TestGateway& gateway, const std::string& code,
                std::vector<std::string> rules = {}) const {
    return From(gateway, gateway.Refusal(kQuery, code, std::move(rules)));
  }

  Merged Take(const Replies& replies, bool deadline = false) const {
    Merge merge(asked_);
    for (const Reply& reply : replies) merge.AddReply(reply, opener_);
    return std::move(merge).Finish(deadline);
  }

  const crypto::BoxKey opener_ = MakeOpener();
  TestGateway a_{"gw-a"}, b_{"gw-b"}, c_{"gw-c"};
  Asked asked_;
};

TEST_F(MergeTest, EveryGatewayThatAnswersIsCountedOnceWithAllItsParts) {
  const Merged merged = Take(Whole(a_) + Whole(b_) + Whole(c_));
  EXPECT_EQ(merged.cells.size(), 9u);
  EXPECT_EQ(merged.envelopes.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Said(merged, i), "answered OK");
    EXPECT_EQ(merged.coverage[i].rule, "load-hourly");
    EXPECT_EQ(merged.coverage[i].log_size, 2u);
    EXPECT_EQ(merged.coverage[i].cells, 3u);
  }
}

TEST_F(MergeTest, ASilentGatewayIsMissingOrLateIfTimeRanOut) {
  const Merged ended = Take(Whole(a_));
  EXPECT_EQ(Said(ended, 0), "answered OK");
  EXPECT_EQ(Said(ended, 1), "missing NO_ANSWER");
  EXPECT_EQ(Said(Take({}, true), 1), "late DEADLINE");
}

TEST_F(MergeTest, ARefusalIsNamedWithItsCodeAndRule) {
  const Merged merged = Take({Refusal(a_, "FORBIDDEN", {"no-marketing"}),
                              Refusal(b_, "POLICY_UNAVAILABLE")});
  EXPECT_EQ(Said(merged, 0), "refused FORBIDDEN");
  EXPECT_EQ(merged.coverage[0].rule, "no-marketing");
  EXPECT_EQ(Said(merged, 1), "refused POLICY_UNAVAILABLE");
}

TEST_F(MergeTest, NothingButSuppressedCellsIsAClearAnswer) {
  const uint64_t sheet = a_.Release(
      {a_.MakeCell(4, CellStatus::kSuppressed), a_.MakeCell(5, CellStatus::kSuppressed)});
  const Merged merged = Take({From(a_, a_.Part(kQuery, {a_.Sheet(sheet)}))});
  EXPECT_EQ(Said(merged), "suppressed OK");
  EXPECT_EQ(merged.cells.size(), 2u);
}

TEST_F(MergeTest, AnAnswerWithoutCellsIsAnAnswer) {
  EXPECT_EQ(Said(Take({From(a_, a_.Part(kQuery))})), "answered NO_CELLS");
}

TEST_F(MergeTest, AnAnswerThatIsCutOffCountsForNothing) {
  for (const Reply& half : Whole(a_)) {
    const Merged merged = Take({half}, true);
    EXPECT_EQ(Said(merged), "missing CUT_OFF");
    EXPECT_THAT(merged.cells, IsEmpty());
    EXPECT_THAT(merged.envelopes, IsEmpty());
  }
}

TEST_F(MergeTest, PartsThatDisagreeDoNotMakeAnAnswer) {
  const auto with = [&](auto change) {
    proof::AnswerPart second = a_.Part(kQuery, {}, 1, true);
    change(second);
    return Said(Take({First(a_), From(a_, second)}));
  };
  EXPECT_EQ(with([](proof::AnswerPart&) {}), "answered OK");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.rules = {"x"}; }), "missing CUT_OFF");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.code = "FORBIDDEN"; }), "missing CUT_OFF");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.policy_version = 9; }), "missing CUT_OFF");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.replay = true; }), "missing CUT_OFF");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.part = 2; }), "missing CUT_OFF");
  EXPECT_EQ(with([](proof::AnswerPart& part) { part.last = false; }), "missing CUT_OFF");
}

TEST_F(MergeTest, ADiamondCountsAGatewayOnce) {
  // a asks b, and both ask c: its parts come by two ways, interleaved, each sealed anew.
  const Merged merged = Take({Second(c_), First(c_), First(a_), Second(c_), Second(a_), First(c_),
                              Hearsay("gw-c", "refused", "REPLAYED")});
  EXPECT_EQ(Said(merged, 2), "answered OK");
  EXPECT_EQ(merged.cells.size(), 6u);
  EXPECT_FALSE(AnyTwice(merged));
}

TEST_F(MergeTest, ACycleThatComesBackAsReplayedChangesNothing) {
  const Merged merged =
      Take(Replies{Refusal(a_, "REPLAYED"), Hearsay("gw-b", "refused", "REPLAYED")} + Whole(a_) +
           Whole(b_) + Replies{Refusal(a_, "REPLAYED")});
  EXPECT_EQ(Said(merged, 0), "answered OK");
  EXPECT_EQ(Said(merged, 1), "answered OK");
  EXPECT_EQ(merged.cells.size(), 6u);
}

TEST_F(MergeTest, ReplayedIsSaidOnlyIfNothingBetterIs) {
  EXPECT_EQ(Said(Take({Refusal(a_, "REPLAYED")})), "refused REPLAYED");
  EXPECT_EQ(Said(Take({Hearsay("gw-a", "refused", "REPLAYED")})), "refused REPLAYED");
  EXPECT_EQ(Said(Take({Refusal(a_, "REPLAYED"), Hearsay("gw-a", "late", "DEADLINE")})),
            "late DEADLINE");
  EXPECT_EQ(Said(Take({Refusal(a_, "REPLAYED"), First(a_)})), "missing CUT_OFF");
}

TEST_F(MergeTest, OfTwoAnswersTheFirstCompleteOneCounts) {
  const Reply refusal = Refusal(a_, "BUSY");
  EXPECT_EQ(Said(Take(Replies{refusal} + Whole(a_))), "refused BUSY");
  EXPECT_EQ(Said(Take({First(a_), refusal, Second(a_)})), "refused BUSY");
  const Merged merged = Take(Whole(a_) + Replies{refusal});
  EXPECT_EQ(Said(merged), "answered OK");
  EXPECT_EQ(merged.cells.size(), 3u);
}

TEST_F(MergeTest, HearsayIsUsedOnlyWhereNoAnswerIs) {
  const Merged merged = Take(Replies{Hearsay("gw-a", "missing", "UNREACHABLE"),
                                     Hearsay("gw-b", "late", "DEADLINE"),
                                     Hearsay("gw-c", "refused", "UNKNOWN_PARTY")} + Whole(c_));
  EXPECT_EQ(Said(merged, 0), "missing UNREACHABLE");
  EXPECT_EQ(Said(merged, 1), "late DEADLINE");
  EXPECT_EQ(Said(merged, 2), "answered OK");
  EXPECT_EQ(Said(Take({Hearsay("gw-a", "missing", "X"), Hearsay("gw-a", "refused", "BUSY"),
                       Hearsay("gw-a", "late", "Y")})), "refused BUSY");
  EXPECT_EQ(Said(Take({Hearsay("gw-a", "nonsense", "\x1b[2J")})), "missing UNKNOWN");
}

TEST_F(MergeTest, ARefusalThatNobodySignedIsToldApartFromOneThatItsGatewaySigned) {
  const Merged merged =
      Take({Hearsay("gw-a", "refused", "FORBIDDEN"), Refusal(b_, "FORBIDDEN", {"no-marketing"})});
  EXPECT_EQ(Said(merged, 0), Said(merged, 1));
  EXPECT_EQ(merged.coverage[0].detail, "unsigned: any gateway on the way may have said so");
  EXPECT_EQ(merged.coverage[1].detail, "");
}

TEST_F(MergeTest, HearsayOfWhyAnAnswerWasCutOffIsPassedOnAsSuch) {
  const Merged merged = Take({First(a_), Hearsay("gw-a", "refused", "TOO_MANY_CELLS")});
  EXPECT_EQ(Said(merged), "missing CUT_OFF");
  EXPECT_EQ(merged.coverage[0].detail, "heard: refused TOO_MANY_CELLS");
}

TEST_F(MergeTest, ALieIsNamedByItsCodeAndNeverOverwritesAnAnswer) {
  proof::AnswerPart altered = a_.Part(kQuery, {a_.Sheet(0)});
  altered.sheets[0].cells[0].nonce = std::string(32, 'n');
  Reply bad_seal = First(a_);
  bad_seal.sealed = crypto::FlipBit(bad_seal.sealed, 300);
  const std::pair<Reply, std::string> lies[] = {
      {From(a_, altered), "missing BAD_PROOF"},
      {From(a_, a_.Part(std::string(32, 'o'), {a_.Sheet(0)})), "missing WRONG_QUESTION"},
      {Seal(b_.Sign(a_.Part(kQuery)), "gw-a"), "missing BAD_SIGNATURE"},
      {Seal("no answer", "gw-a"), "missing BAD_ANSWER"},
      {bad_seal, "missing BAD_SEAL"},
  };
  for (const auto& [lie, said] : lies) {
    EXPECT_EQ(Said(Take({lie})), said);
    EXPECT_NE(Take({lie}).coverage[0].detail, "") << said;
    EXPECT_EQ(Said(Take({Hearsay("gw-a", "late", "DEADLINE"), lie})), said);
    EXPECT_EQ(Said(Take({First(a_), lie})), said);
    EXPECT_EQ(Said(Take(Replies{lie} + Whole(a_))), "answered OK") << said;
    EXPECT_EQ(Said(Take(Whole(a_) + Replies{lie})), "answered OK") << said;
  }
}

TEST_F(MergeTest, ALieIsBlamedOnWhomItNamesInsideNotOnWhomTheHintNames) {
  const Merged merged = Take({Seal(b_.Sign(a_.Part(kQuery)), "gw-c")});
  EXPECT_EQ(Said(merged, 0), "missing BAD_SIGNATURE");
  EXPECT_EQ(Said(merged, 2), "missing NO_ANSWER");
}

TEST_F(MergeTest, CellsThatNobodyAskedForAreAnotherQuestionsAnswer) {
  policy::Question& question = asked_.query.question;
  question.rule = RuleId("load-daily");
  EXPECT_EQ(Said(Take(Whole(a_))), "missing WRONG_QUESTION");
  question.rule = RuleId("load-hourly");
  question.until = a_.MakeCell(2).window.start;
  EXPECT_EQ(Said(Take(Whole(a_))), "missing WRONG_QUESTION");
  question.until = a_.MakeCell(2).window.end;
  EXPECT_EQ(Said(Take(Whole(a_))), "answered OK");
  question.from = a_.MakeCell(0).window.end;
  EXPECT_EQ(Said(Take(Whole(a_))), "missing WRONG_QUESTION");
}

TEST_F(MergeTest, AnotherCommonsAnswerIsWrongQuestion) {
  const TestGateway elsewhere("gw-a", false, "elsewhere");
  EXPECT_EQ(Said(Take({From(elsewhere, elsewhere.Part(kQuery))})), "missing WRONG_QUESTION");
}

TEST_F(MergeTest, ACellThatALogHoldsTwiceIsBadProof) {
  const uint64_t again = a_.Release({a_.MakeCell(1)});
  const Merged merged = Take({From(a_, a_.Part(kQuery, {a_.Sheet(0)}, 0, false)),
                              From(a_, a_.Part(kQuery, {a_.Sheet(again)}, 1, true))});
  EXPECT_EQ(Said(merged), "missing BAD_PROOF");
  EXPECT_THAT(merged.cells, IsEmpty());
}

TEST_F(MergeTest, ALogWithTwoRootsOfOneSizeIsBadProof) {
  TestGateway forked("gw-a");
  forked.Release({forked.MakeCell(3)});
  forked.Release({forked.MakeCell(4)});
  EXPECT_EQ(Said(Take({First(a_),
                       From(forked, forked.Part(kQuery, {forked.Sheet(1)}, 1, true))})),
            "missing BAD_PROOF");
}

TEST_F(MergeTest, StrangersAreIgnoredAndCounted) {
  const TestGateway stranger("gw-x");
  const Merged merged = Take(Replies{From(stranger, stranger.Part(kQuery)),
                                     Hearsay("gw-y", "missing", "X"), Seal("noise", "gw-z")} +
                             Whole(a_));
  EXPECT_EQ(merged.strangers, 3u);
  EXPECT_EQ(merged.coverage.size(), 3u);
  EXPECT_EQ(merged.cells.size(), 3u);
}

TEST_F(MergeTest, AGatewayOfTheRosterWithoutKeysIsNamedAndCannotAnswer) {
  asked_.gateways[1].sign.clear();
  asked_.gateways[1].log.clear();
  EXPECT_EQ(Said(Take(Whole(b_)), 1), "missing NO_KEYS");
}

TEST_F(MergeTest, IsCompleteWhenNothingCanChangeAnyMore) {
  Merge merge(asked_);
  for (const Reply& reply : Whole(a_) + Whole(b_) +
                                Replies{First(c_), Hearsay("gw-c", "missing", "X")}) {
    merge.AddReply(reply, opener_);
    EXPECT_FALSE(merge.Complete());
  }
  merge.AddReply(Second(c_), opener_);
  EXPECT_TRUE(merge.Complete());
}

TEST_F(MergeTest, ManyHalfAnswersOfOneGatewayAreNotKept) {
  Replies replies;
  for (uint64_t version = 0; version < 100; ++version) {
    proof::AnswerPart part = a_.Part(kQuery, {}, 0, false);
    part.policy_version = version;
    replies.push_back(From(a_, part));
  }
  proof::AnswerPart last = a_.Part(kQuery, {}, 1, true);
  last.policy_version = 99;
  replies.push_back(From(a_, last));
  EXPECT_EQ(Said(Take(replies)), "missing CUT_OFF");
}

TEST_F(MergeTest, AnAnswerOfMoreCellsThanAnybodyKeepsIsTooLarge) {
  TestGateway large("gw-a");
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < limits::kCellsPerSheetMax; ++i) {
    cells.push_back(large.MakeCell(static_cast<int>(i)));
  }
  const uint64_t sheet = large.Release(cells);
  const std::size_t parts = limits::kCellsPerAnswerMax / limits::kCellsPerSheetMax + 1;
  Merge merge(asked_);
  for (uint32_t i = 0; i < parts; ++i) {
    merge.AddAnswer(large.Sign(large.Part(kQuery, {large.Sheet(sheet)}, i, false)), "gw-a")
        .IgnoreError();
  }
  EXPECT_EQ(Said(std::move(merge).Finish(false)), "missing TOO_LARGE");
}

// One that sends more than its share is blamed itself, not whoever answers after it.
TEST_F(MergeTest, AGatewayThatFillsTheMemoryOfAllIsTheOneThatIsTooLarge) {
  proof::AnswerPart part = a_.Part(kQuery, {}, 0, false);
  const std::size_t bytes = a_.Sign(part).size();
  asked_.bytes_max = 100 * bytes + 200;  // part numbers may be a little longer
  Merge merge(asked_);
  for (; part.part < 100; ++part.part) {
    ASSERT_TRUE(merge.AddAnswer(a_.Sign(part), "gw-a").ok());
  }
  for (const Reply& reply : Whole(b_)) merge.AddReply(reply, opener_);
  const Merged merged = std::move(merge).Finish(false);
  EXPECT_EQ(Said(merged, 0), "missing TOO_LARGE");
  EXPECT_EQ(Said(merged, 1), "answered OK");
}

// Whatever the order, and however often each reply comes, the result is the same, and no cell is in
// it twice: for whole answers, halves, refusals, lies, hearsay and replays of every gateway.
TEST_F(MergeTest, OrderAndRepetitionChangeNothing) {
  proof::AnswerPart altered = b_.Part(kQuery, {b_.Sheet(0)});
  altered.sheets[0].cells[0].nonce = std::string(32, 'n');
  const std::vector<Replies> kinds = {
      Whole(a_),
      Whole(b_),
      Whole(c_),
      {Second(b_)},
      {Refusal(a_, "REPLAYED")},
      {Refusal(c_, "REPLAYED"), Hearsay("gw-c", "refused", "REPLAYED")},
      {From(b_, altered), Seal(a_.Sign(b_.Part(kQuery)), "gw-b"), Seal("noise", "gw-b")},
      {Seal("noise", "gw-a"), Hearsay("gw-c", "missing", "UNREACHABLE")},
      {Hearsay("gw-a", "late", "DEADLINE"), Hearsay("gw-c", "refused", "BUSY")},
      {From(b_, b_.Part(std::string(32, 'o')))},
  };
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    Replies replies;
    for (const Replies& kind : kinds) {
      if (prng.Percent(60)) replies = replies + kind;
    }
    const Merged want = Take(replies);
    EXPECT_FALSE(AnyTwice(want));
    for (std::size_t copies = replies.size(); copies > 0; --copies) {
      if (prng.Percent(50)) replies.push_back(replies[prng.Below(replies.size())]);
    }
    for (std::size_t i = replies.size(); i > 1; --i) {
      std::swap(replies[i - 1], replies[prng.Below(i)]);
    }
    const Merged got = Take(replies);
    EXPECT_EQ(CellsOf(got), CellsOf(want));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(Said(got, i), Said(want, i));
    EXPECT_EQ(got.envelopes, want.envelopes);
  }
}

}  // namespace
}  // namespace gateway::federation
