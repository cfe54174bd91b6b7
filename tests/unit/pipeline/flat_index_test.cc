#include "gateway/pipeline/flat_index.h"

#include <gtest/gtest.h>

#include <string>

namespace gateway::pipeline {
namespace {

class FlatIndexTest : public ::testing::Test {
 protected:
  std::optional<uint32_t> Find(const FlatIndex& index, std::size_t hash, std::string_view name) {
    return index.Find(hash, [&](uint32_t at) { return names_[at] == name; });
  }
  void Put(FlatIndex& index, std::size_t hash, const std::string& name) {
    index.Put(hash, static_cast<uint32_t>(names_.size()));
    names_.push_back(name);
  }
  std::vector<std::string> names_;
};

TEST_F(FlatIndexTest, FindsEachOfManyAndNothingElse) {
  FlatIndex index;
  EXPECT_EQ(Find(index, 7, "n"), std::nullopt);
  const std::hash<std::string> hash;
  for (int i = 0; i < 10'000; ++i) Put(index, hash("n" + std::to_string(i)), "n" + std::to_string(i));
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_EQ(Find(index, hash(name), name), static_cast<uint32_t>(i));
  }
  EXPECT_EQ(Find(index, hash("n10000"), "n10000"), std::nullopt);
}

TEST_F(FlatIndexTest, TellsApartWhatHasOneHash) {
  FlatIndex index;
  for (const char* name : {"a", "b", "c"}) Put(index, 42, name);
  EXPECT_EQ(Find(index, 42, "c"), 2u);
  EXPECT_EQ(Find(index, 42, "a"), 0u);
  EXPECT_EQ(Find(index, 42, "d"), std::nullopt);
  EXPECT_EQ(Find(index, 43, "a"), std::nullopt);
}

TEST_F(FlatIndexTest, ACopyIsLeftAsItIs) {
  FlatIndex index;
  Put(index, 1, "a");
  const FlatIndex copy = index;
  Put(index, 2, "b");
  EXPECT_EQ(Find(copy, 1, "a"), 0u);
  EXPECT_EQ(Find(copy, 2, "b"), std::nullopt);
}

}  // namespace
}  // namespace gateway::pipeline
