#include "gateway/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace gateway {
namespace {

using std::chrono::milliseconds;

TEST(BoundedQueueTest, ItemsComeOutInOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.TryPush(int{i}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.PopFor(milliseconds(0)), i);
  EXPECT_EQ(queue.PopFor(milliseconds(0)), std::nullopt);
}

TEST(BoundedQueueTest, AFullQueueRefusesAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.TryPush(std::make_unique<int>(1)));
  auto item = std::make_unique<int>(2);
  EXPECT_FALSE(queue.TryPush(std::move(item)));
  ASSERT_NE(item, nullptr);
  queue.PopFor(milliseconds(0));
  EXPECT_TRUE(queue.TryPush(std::move(item)));
}

TEST(BoundedQueueTest, ClosingRefusesNewItemsAndKeepsQueuedOnes) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  queue.Close();
  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_EQ(queue.PopFor(milliseconds(0)), 1);
  EXPECT_EQ(queue.PopFor(std::chrono::hours(1)), std::nullopt);  // returns at once
}

TEST(BoundedQueueTest, ClosingWakesAWaiter) {
  BoundedQueue<int> queue(1);
  std::optional<int> got = 0;
  std::thread waiter([&] { got = queue.PopFor(std::chrono::hours(1)); });
  queue.Close();
  waiter.join();
  EXPECT_EQ(got, std::nullopt);
}

TEST(BoundedQueueTest, NothingIsLostOrDoubledBetweenThreads) {
  constexpr int kEach = 2'000;
  BoundedQueue<int> queue(16);
  std::vector<std::thread> producers;
  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < kEach; ++i) {
        while (!queue.TryPush(p * kEach + i)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> seen(3 * kEach, 0);
  for (int i = 0; i < 3 * kEach; ++i) {
    const std::optional<int> item = queue.PopFor(std::chrono::minutes(1));
    if (item) ++seen[static_cast<std::size_t>(*item)];
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(seen, std::vector<int>(3 * kEach, 1));
}

}  // namespace
}  // namespace gateway
