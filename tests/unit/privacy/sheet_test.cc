#include "gateway/privacy/sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <string>

namespace gateway::privacy {
namespace {

using Reason = SuppressionReason;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr Time kDayStart{std::chrono::hours(24 * 15'719)};  // 2013-01-14

Window Hour(int from, int until) {
  return {kDayStart + std::chrono::hours(from), kDayStart + std::chrono::hours(until)};
}

// One row per household, one value per hour of a short day; kNo = no reading.
constexpr int64_t kNo = std::numeric_limits<int64_t>::min();
using Table = std::vector<std::vector<int64_t>>;

SheetInput Sheet(const Table& table) {
  SheetInput input;
  const int hours = table.empty() ? 1 : static_cast<int>(table[0].size());
  input.day = Hour(0, hours);
  for (int i = 0; i < hours; ++i) input.fine_windows.push_back(Hour(i, i + 1));
  for (const std::vector<int64_t>& row : table) {
    OwnerDay household;
    for (const int64_t value : row) {
      household.fine.push_back(value == kNo ? Contribution{} : Contribution{value, 2});
    }
    input.owners.push_back(household);
  }
  return input;
}

std::vector<uint32_t> Members(uint32_t from, uint32_t until) {
  std::vector<uint32_t> members(until - from);
  std::iota(members.begin(), members.end(), from);
  return members;
}

SheetRule Hourly(uint32_t k, uint32_t pct, std::vector<uint32_t> members) {
  SheetRule rule;
  rule.id = RuleId("hourly");
  rule.k_min = k;
  rule.top1_max_pct = pct;
  rule.members = std::move(members);
  return rule;
}
SheetRule Daily(uint32_t k, uint32_t pct, std::vector<uint32_t> members) {
  SheetRule rule = Hourly(k, pct, std::move(members));
  rule.id = RuleId("daily");
  rule.whole_day = true;
  return rule;
}

std::vector<DecidedRule> Decide(const SheetInput& input) {
  StatusOr<std::vector<DecidedRule>> decided = DecideSheet(input);
  EXPECT_TRUE(decided.ok()) << decided.status();
  return decided.ok() ? *std::move(decided) : std::vector<DecidedRule>(input.rules.size());
}

std::vector<Reason> Reasons(const DecidedRule& rule) {
  std::vector<Reason> reasons;
  for (const DecidedBucket& bucket : rule.buckets) reasons.push_back(bucket.reason);
  return reasons;
}

// The reason for one hour in which each household has one of `values`.
Reason OneHour(const std::vector<int64_t>& values, uint32_t k, uint32_t pct) {
  Table table;
  for (const int64_t value : values) table.push_back({value});
  SheetInput input = Sheet(table);
  input.rules = {Hourly(k, pct, Members(0, static_cast<uint32_t>(values.size())))};
  return Reasons(Decide(input)[0])[0];
}

TEST(SheetTest, PrimaryRulesAtTheirBoundaries) {
  EXPECT_EQ(OneHour({10, 10, 10}, 4, 40), Reason::kTooFew);
  EXPECT_EQ(OneHour({10, 10, 10, 10}, 4, 40), Reason::kNone);
  EXPECT_EQ(OneHour({10, 10, 10, kNo}, 4, 40), Reason::kTooFew);  // only who contributes counts
  EXPECT_EQ(OneHour({40, 20, 20, 20}, 4, 40), Reason::kNone);  // the share may equal the limit
  EXPECT_EQ(OneHour({41, 20, 20, 20}, 4, 40), Reason::kDominance);  // 41 / 101 = 40.6 %
  EXPECT_EQ(OneHour({40, 20, 20, 19}, 4, 40), Reason::kDominance);
  EXPECT_EQ(OneHour({5}, 1, 100), Reason::kNone);
  EXPECT_EQ(OneHour({kNo}, 1, 100), Reason::kTooFew);
}

TEST(SheetTest, AZeroSumIsSafeOnceEnoughHouseholdsContribute) {
  EXPECT_EQ(OneHour({0, 0, 0}, 3, 30), Reason::kNone);
  EXPECT_EQ(OneHour({0, 0}, 3, 30), Reason::kTooFew);
  EXPECT_EQ(OneHour({0, 0, 0, 1}, 3, 30), Reason::kDominance);
}

TEST(SheetTest, OppositeSignsDoNotHideADominantHousehold) {
  EXPECT_EQ(OneHour({100, -100, 0}, 3, 40), Reason::kDominance);
  EXPECT_EQ(OneHour({-100, -1, -1}, 3, 40), Reason::kDominance);
  EXPECT_EQ(OneHour({-10, -10, -10}, 3, 40), Reason::kNone);
}

TEST(SheetTest, FiguresAreOfTheRulesMembersOnly) {
  SheetInput input = Sheet({{1, 2}, {3, kNo}, {5, 6}, {1000, 1000}});
  input.rules = {Hourly(2, 100, {0, 1, 2}), Daily(2, 100, {0, 1, 2})};
  const std::vector<DecidedRule> decided = Decide(input);
  EXPECT_EQ(decided[0].id, RuleId("hourly"));
  ASSERT_THAT(Reasons(decided[0]), Each(Reason::kNone));
  ASSERT_THAT(Reasons(decided[1]), ElementsAre(Reason::kNone));
  const DecidedBucket& second = decided[0].buckets[1];
  EXPECT_EQ(second.window, Hour(1, 2));
  EXPECT_EQ(second.count, 2u);
  EXPECT_EQ(second.sum, 8);
  EXPECT_EQ(second.readings, 4u);
  const DecidedBucket& day = decided[1].buckets[0];
  EXPECT_EQ(day.window, Hour(0, 2));
  EXPECT_EQ(day.count, 3u);  // a household counts once, however many hours it has
  EXPECT_EQ(day.sum, 17);
  EXPECT_EQ(day.readings, 10u);
}

TEST(SheetTest, SuppressedBucketsCarryNoFigure) {
  SheetInput input = Sheet({{1, 2}, {3, kNo}, {5, 6}});
  input.rules = {Hourly(3, 100, Members(0, 3)), Daily(4, 100, Members(0, 3))};
  for (const DecidedRule& rule : Decide(input)) {
    for (const DecidedBucket& bucket : rule.buckets) {
      if (bucket.reason == Reason::kNone) continue;
      EXPECT_EQ(bucket.count + bucket.readings, 0u);
      EXPECT_EQ(bucket.sum, 0);
    }
  }
}

// Hour 0 has two households of three. Alone it would be the day minus the other hours, so the
// smallest other hour, hour 2 with 9, goes with it: together {3, 4, 9} of three households.
TEST(SheetTest, ALoneSuppressedHourTakesTheSmallestWithIt) {
  SheetInput input = Sheet({{1, 10, 2}, {2, 10, 2}, {kNo, 10, 5}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(3, 60, Members(0, 3))};
  const std::vector<DecidedRule> decided = Decide(input);
  EXPECT_THAT(Reasons(decided[0]),
              ElementsAre(Reason::kTooFew, Reason::kNone, Reason::kComplementary));
  EXPECT_THAT(Reasons(decided[1]), ElementsAre(Reason::kNone));
}

TEST(SheetTest, OfEqualHoursTheEarliestIsSuppressed) {
  SheetInput input = Sheet({{5, 5, 1, 5}, {5, 5, 1, 5}, {5, 5, kNo, 5}});
  input.rules = {Daily(3, 60, Members(0, 3)), Hourly(3, 60, Members(0, 3))};
  EXPECT_THAT(Reasons(Decide(input)[1]), ElementsAre(Reason::kComplementary, Reason::kNone,
                                                     Reason::kTooFew, Reason::kNone));
}

// Hours 0 and 1 are dominated by the same household: {180, 20, 20}, still 82 %. Hours 2 to 4 hold
// 60, 63 and 66. With hour 2 it is {200, 40, 40}, 71 %; with hour 3 {221, 61, 61}, 64 %; with
// hour 4 {243, 83, 83}, 59 %: only then may the limit of 60 % be kept.
TEST(SheetTest, SuppressedHoursMustBeSafeTogether) {
  SheetInput input =
      Sheet({{90, 90, 20, 21, 22, 50}, {10, 10, 20, 21, 22, 50}, {10, 10, 20, 21, 22, 50}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(3, 60, Members(0, 3))};
  EXPECT_THAT(Reasons(Decide(input)[0]),
              ElementsAre(Reason::kDominance, Reason::kDominance, Reason::kComplementary,
                          Reason::kComplementary, Reason::kComplementary, Reason::kNone));
}

// The two hours are dominated by different households; together they are {22, 22, 2}, 48 %.
TEST(SheetTest, HoursThatProtectEachOtherTakeNoOtherWithThem) {
  SheetInput input = Sheet({{20, 2, 9}, {2, 20, 9}, {1, 1, 9}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(3, 60, Members(0, 3))};
  EXPECT_THAT(Reasons(Decide(input)[0]),
              ElementsAre(Reason::kDominance, Reason::kDominance, Reason::kNone));
}

TEST(SheetTest, WhereNothingProtectsEveryHourIsSuppressed) {
  SheetInput input = Sheet({{90, 3}, {10, 3}, {10, 3}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(3, 100, Members(0, 3))};
  EXPECT_THAT(Reasons(Decide(input)[0]), ElementsAre(Reason::kDominance, Reason::kComplementary));
}

TEST(SheetTest, UnderASuppressedDayNothingNeedsToBeComplemented) {
  SheetInput input = Sheet({{1, 10, 2}, {2, 10, 2}, {kNo, 10, 5}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(4, 60, Members(0, 3))};
  const std::vector<DecidedRule> decided = Decide(input);
  EXPECT_THAT(Reasons(decided[0]), ElementsAre(Reason::kTooFew, Reason::kNone, Reason::kNone));
  EXPECT_THAT(Reasons(decided[1]), ElementsAre(Reason::kTooFew));
}

TEST(SheetTest, AnHourWithoutContributorsCountsAmongTheSuppressed) {
  SheetInput input = Sheet({{kNo, 5, 9}, {kNo, 5, 9}, {kNo, 5, 9}});
  input.rules = {Hourly(3, 60, Members(0, 3)), Daily(3, 60, Members(0, 3))};
  EXPECT_THAT(Reasons(Decide(input)[0]),
              ElementsAre(Reason::kTooFew, Reason::kComplementary, Reason::kNone));
}

TEST(SheetTest, SetsThatDifferByFewerThanKAreNotBothReleased) {
  const Table table(12, {5});
  struct Case {
    uint32_t second_size;
    uint32_t second_k;
    Reason want;
  };
  // The first rule has 12 members and k 3; the larger k of the two decides.
  for (const Case& c : {Case{12, 3, Reason::kNone}, Case{11, 3, Reason::kOverlap},
                        Case{10, 3, Reason::kOverlap}, Case{9, 3, Reason::kNone},
                        Case{9, 4, Reason::kOverlap}, Case{8, 4, Reason::kNone}}) {
    SCOPED_TRACE(c.second_size * 100 + c.second_k);
    SheetInput input = Sheet(table);
    input.rules = {Hourly(3, 60, Members(0, 12)), Daily(c.second_k, 60, Members(0, c.second_size))};
    const std::vector<DecidedRule> decided = Decide(input);
    EXPECT_THAT(Reasons(decided[0]), ElementsAre(Reason::kNone));
    EXPECT_THAT(Reasons(decided[1]), ElementsAre(c.want));
  }
}

TEST(SheetTest, MembersWithoutAReadingAreNotInARulesSet) {
  Table table(12, {5});
  table[11] = {kNo};
  SheetInput input = Sheet(table);
  input.rules = {Hourly(3, 60, Members(0, 12)), Daily(3, 60, Members(0, 11))};
  EXPECT_THAT(Reasons(Decide(input)[1]), ElementsAre(Reason::kNone));
}

TEST(SheetTest, ARuleIsComparedOnlyWithThoseKeptBeforeIt) {
  SheetInput input = Sheet(Table(12, {5}));
  // The second is too near to the first. The third is near to the second only.
  input.rules = {Hourly(3, 60, Members(0, 12)), Hourly(3, 60, Members(0, 10)),
                 Hourly(3, 60, Members(0, 9))};
  const std::vector<DecidedRule> decided = Decide(input);
  EXPECT_THAT(Reasons(decided[1]), ElementsAre(Reason::kOverlap));
  EXPECT_THAT(Reasons(decided[2]), ElementsAre(Reason::kNone));
}

TEST(SheetTest, ATooYoungRuleIsSuppressedAndHindersNoOther) {
  SheetInput input = Sheet({{1, 10, 2}, {2, 10, 2}, {kNo, 10, 5}});
  input.rules = {Daily(2, 60, Members(0, 2)), Hourly(3, 60, Members(0, 3))};
  input.rules[0].too_young = true;
  const std::vector<DecidedRule> decided = Decide(input);
  EXPECT_THAT(Reasons(decided[0]), ElementsAre(Reason::kRuleTooYoung));
  EXPECT_THAT(Reasons(decided[1]), ElementsAre(Reason::kTooFew, Reason::kNone, Reason::kNone));
}

TEST(SheetTest, AWholeDayMayBeTheOnlyWindow) {
  SheetInput input = Sheet({{5}, {5}, {5}});
  input.rules = {Daily(3, 60, Members(0, 3))};
  const std::vector<DecidedRule> decided = Decide(input);
  ASSERT_THAT(Reasons(decided[0]), ElementsAre(Reason::kNone));
  EXPECT_EQ(decided[0].buckets[0].sum, 15);
}

TEST(SheetTest, SumsUpTo62BitsAreExactAndLargerOnesRefused) {
  constexpr int64_t kLargest = (int64_t{1} << 62) - 1;
  SheetInput input = Sheet({{kLargest - 5}, {5}});
  input.rules = {Daily(2, 100, Members(0, 2))};
  EXPECT_EQ(Decide(input)[0].buckets[0].sum, kLargest);
  input.owners[1].fine[0].value = 6;
  EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
  input.owners[1].fine[0].value = -6;  // a sum of some other set could still be too large
  EXPECT_EQ(DecideSheet(input).status().code(), StatusCode::kInvalidArgument);
}

TEST(SheetTest, InconsistentInputIsRefused) {
  SheetInput good = Sheet({{5, 5}, {5, 5}});
  good.rules = {Hourly(1, 100, {0, 1})};
  ASSERT_TRUE(DecideSheet(good).ok());
  struct Case {
    std::string_view name;
    void (*break_it)(SheetInput&);
  };
  for (const Case& c : {
           Case{"member out of range", [](SheetInput& i) { i.rules[0].members = {0, 2}; }},
           Case{"member twice", [](SheetInput& i) { i.rules[0].members = {1, 1}; }},
           Case{"members descend", [](SheetInput& i) { i.rules[0].members = {1, 0}; }},
           Case{"k of zero", [](SheetInput& i) { i.rules[0].k_min = 0; }},
           Case{"share of zero", [](SheetInput& i) { i.rules[0].top1_max_pct = 0; }},
           Case{"share above 100", [](SheetInput& i) { i.rules[0].top1_max_pct = 101; }},
           Case{"window missing", [](SheetInput& i) { i.owners[1].fine.pop_back(); }},
           Case{"no window", [](SheetInput& i) { i.fine_windows.clear(); }},
           Case{"empty window",
                [](SheetInput& i) { i.fine_windows[0].end = i.fine_windows[0].start; }},
           Case{"windows overlap", [](SheetInput& i) { i.fine_windows[0].end += Millis(1); }},
           Case{"window after the day", [](SheetInput& i) { i.day = Hour(0, 1); }},
           Case{"window before the day", [](SheetInput& i) { i.day = Hour(1, 2); }},
       }) {
    SCOPED_TRACE(std::string(c.name));
    SheetInput bad = good;
    c.break_it(bad);
    EXPECT_EQ(DecideSheet(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(RoundedMeanTest, HalvesGoAwayFromZero) {
  EXPECT_EQ(RoundedMean(0, 7), 0);
  EXPECT_EQ(RoundedMean(5, 2), 3);
  EXPECT_EQ(RoundedMean(-5, 2), -3);
  EXPECT_EQ(RoundedMean(4, 3), 1);
  EXPECT_EQ(RoundedMean(-4, 3), -1);
  EXPECT_EQ(RoundedMean(5, 3), 2);
  EXPECT_EQ(RoundedMean(std::numeric_limits<int64_t>::max(), 1),
            std::numeric_limits<int64_t>::max());
}

TEST(CompletenessPctTest, IsRoundedDownAndAtMost100) {
  const Millis half = std::chrono::minutes(30);
  const Millis hour = std::chrono::hours(1);
  EXPECT_EQ(CompletenessPct(20, half, 10, hour), 100u);
  EXPECT_EQ(CompletenessPct(19, half, 10, hour), 95u);
  EXPECT_EQ(CompletenessPct(21, half, 10, hour), 100u);
  EXPECT_EQ(CompletenessPct(13, half, 7, hour), 92u);  // 92.86
  EXPECT_EQ(CompletenessPct(479, half, 10, 24 * hour), 99u);
  EXPECT_EQ(CompletenessPct(460, half, 10, 23 * hour), 100u);  // the day clocks go forward
  EXPECT_EQ(CompletenessPct(std::numeric_limits<uint64_t>::max(), 24 * hour, 1, half), 100u);
}

}  // namespace
}  // namespace gateway::privacy
