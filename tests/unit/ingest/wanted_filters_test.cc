#include "gateway/ingest/wanted_filters.h"

#include <gtest/gtest.h>

namespace gateway::ingest {
namespace {

class WantedFiltersTest : public ::testing::Test {
 protected:
  // The text of the first, or "-" if nothing changed.
  std::string Take() {
    const auto taken = wanted_.Take(now_);
    return taken.has_value() ? taken->front().text : "-";
  }
  std::size_t asked_ = 0, answer_ = 1;
  WantedFilters::TimePoint now_{std::chrono::hours(1)};
  WantedFilters wanted_{{{.text = "first"}}, [this] {
                          std::vector<Filter> filters(answer_);
                          filters.front().text = "asked " + std::to_string(++asked_);
                          return filters;
                        }};
};

TEST_F(WantedFiltersTest, TheFirstAreTakenOnceWithoutAsking) {
  EXPECT_EQ(Take(), "first");
  EXPECT_EQ(Take(), "-");
  EXPECT_EQ(asked_, 0u);
}

// Each answer goes into a row of the store, and a thousand devices may be enrolled in a row.
TEST_F(WantedFiltersTest, ManyChangesAreAskedAboutOnceInAWhileAndTheLastIsNotMissed) {
  Take();
  wanted_.Changed();
  EXPECT_TRUE(wanted_.pending());
  EXPECT_EQ(Take(), "asked 1");  // at once
  EXPECT_FALSE(wanted_.pending());
  for (int i = 0; i < 100; ++i) {
    wanted_.Changed();
    EXPECT_EQ(Take(), "-");
    EXPECT_TRUE(wanted_.pending());
  }
  now_ += limits::kFiltersPause;
  EXPECT_EQ(Take(), "asked 2");
  now_ += limits::kFiltersPause;
  EXPECT_EQ(Take(), "-");
}

TEST_F(WantedFiltersTest, OfTooManyTheFirstAreWanted) {
  Take();
  answer_ = limits::kFiltersMax + 1;
  wanted_.Changed();
  EXPECT_EQ(wanted_.Take(now_)->size(), limits::kFiltersMax);
}

}  // namespace
}  // namespace gateway::ingest
