// Random policies, readings, decisions, crashes and stops: every reading is at every moment in
// exactly one of {raw, in a rollup, erased}, never goes back, and goes when its rule says.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/prng.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::Prng;

constexpr int kHouseholds = 2;

struct Rule {
  int keep_days = 30;
  int rollup_days = 0;  // 0: erased
  bool whole_day = false;
};

struct Sent {
  int64_t value = 0;
  enum { kRaw, kRolled, kErased } where = kRaw;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), kept_(MakeRules(), kHouseholds) {}

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      now_ += Millis(random_.Between(1, 3 * 24 * 3'600'000));
      SendSome();
      if (random_.Percent(deciding_ ? 80 : 5)) kept_.Decide(now_);
      if (random_.Percent(10)) deciding_ = !deciding_;  // for a while nothing is decided
      const bool whole = random_.Percent(50);
      if (whole) {
        kept_.Retain(now_);
      } else {
        int batches = static_cast<int>(random_.Below(6));
        kept_.Retain(now_, [&] { return batches-- > 0; });
      }
      if (random_.Percent(15)) kept_.Crash();
      Look(whole);
    }
  }

 private:
  std::string MakeRules() {
    std::string text;
    for (const char* metric : {"used", "index", "warm"}) {
      Rule rule{.keep_days = static_cast<int>(random_.Between(4, 12))};
      const std::string id(metric);
      text += "  - {id: r-" + id + ", metric: " + id +
              ", tier: raw, keep: P" + std::to_string(rule.keep_days) + "D, then: ";
      if (random_.Percent(70)) {
        rule.rollup_days = rule.keep_days + static_cast<int>(random_.Below(20));
        rule.whole_day = random_.Percent(50);
        text += "rollup}\n  - {id: u-" + id + ", metric: " + id + ", tier: rollup, bucket: " +
                (rule.whole_day ? "P1D" : "PT1H") + ", keep: P" +
                std::to_string(rule.rollup_days) + "D, then: erase}\n";
      } else {
        text += "erase}\n";
      }
      rules_[metric] = rule;
    }
    return text;
  }

  void SendSome() {
    for (uint64_t n = random_.Below(12); n > 0; --n) {
      const int household = static_cast<int>(random_.Below(kHouseholds));
      const std::string metric = std::vector{"used", "index", "warm"}[random_.Below(3)];
      const int64_t back = random_.Percent(85) ? 30 : 60 * 24;  // some are very late
      const Time time = FloorTo(now_ - hours(random_.Below(static_cast<uint64_t>(back))),
                                minutes(30));
      auto& sent = sent_[{household, metric}];
      if (sent.contains(time)) continue;
      const int64_t value = random_.Between(1, 1000);
      const uint64_t stored = kept_.Counts()[""];
      kept_.Send(household, metric, time, value, now_);
      if (kept_.Counts()[""] == stored) continue;  // too late: expired
      sent[time] = {.value = value};
    }
  }

  bool IsHeld(const std::string& metric, const Window& span) {
    const Millis ahead = metric == "index" ? hours(1) : hours(0);
    for (const auto& [key, day] : kept_.core().open_days().days()) {
      if (key.metric.value() == metric && !day.given_up && span.start < day.window.end &&
          span.end > day.window.start - ahead) {
        return true;
      }
    }
    return false;
  }

  void Look(bool whole) {
    for (auto& [key, sent] : sent_) LookAt(key.first, key.second, whole, sent);
  }

  void LookAt(int household, const std::string& metric, bool whole, std::map<Time, Sent>& sent) {
    SCOPED_TRACE(metric);
    const Rule& rule = rules_[metric];
    std::set<Time> raw;
    for (const Reading& each : kept_.Raw(household, metric)) {
      EXPECT_TRUE(raw.insert(each.time).second) << "stored twice";
    }
    std::map<Time, Rollup> rolled;
    for (const Rollup& each : kept_.Rolled(household, metric)) rolled[each.start] = each;
    std::map<Time, Rollup> made;  // what the rollups must be, of the readings that are in them
    for (auto& [time, each] : sent) {
      const Window day = zone_.DayOf(time);
      const Time bucket = rule.whole_day ? day.start : FloorTo(time, hours(1));
      const Window span = rule.rollup_days > 0 ? day : Window{time, time + Millis(1)};
      const bool aged = span.start < now_ - hours(24 * rule.keep_days);
      if (each.where == Sent::kRaw && !raw.contains(time)) {
        EXPECT_TRUE(aged && !IsHeld(metric, span)) << FormatTime(time) << " went early";
        // A rollup that was there before was made without it.
        const bool in_rollup = rolled.contains(bucket) && !known_[{household, metric}].contains(bucket);
        each.where = in_rollup ? Sent::kRolled : Sent::kErased;
      } else if (each.where == Sent::kRaw && whole) {
        EXPECT_TRUE(!aged || IsHeld(metric, span)) << FormatTime(time) << " is kept too long";
      } else if (each.where != Sent::kRaw) {
        EXPECT_FALSE(raw.contains(time)) << FormatTime(time) << " came back";
      }
      if (each.where == Sent::kRolled && !rolled.contains(bucket)) {
        EXPECT_LT(bucket, now_ - hours(24 * rule.rollup_days));
        each.where = Sent::kErased;
      }
      if (each.where != Sent::kRolled) continue;
      made[bucket].start = bucket;
      made[bucket].value += each.value;
      ++made[bucket].readings;
      EXPECT_TRUE(!whole || bucket >= now_ - hours(24 * rule.rollup_days)) << "kept too long";
    }
    ASSERT_EQ(rolled.size(), made.size());
    for (const auto& [bucket, each] : made) {
      EXPECT_EQ(rolled[bucket].readings, each.readings);
      if (metric == "used") { EXPECT_EQ(rolled[bucket].value, each.value); }
      known_[{household, metric}].insert(bucket);
    }
  }

  Prng random_;
  std::map<std::string, Rule> rules_;
  Kept kept_;
  const TimeZone zone_ = *TimeZone::Load("Europe/London");
  Time now_ = At("2013-02-20T00:00:00Z");  // the clocks change underway
  bool deciding_ = true;
  std::map<std::pair<int, std::string>, std::map<Time, Sent>> sent_;
  std::map<std::pair<int, std::string>, std::set<Time>> known_;
};

TEST(RetentionPropertyTest, EveryReadingIsRawOrInARollupOrErased) {
  for (uint64_t seed = 1; seed <= 5 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World(seed).Run(50);
  }
}

}  // namespace
}  // namespace gateway::pipeline
