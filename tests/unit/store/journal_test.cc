#include "gateway/store/journal.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "tests/unit/store/scratch.h"

namespace gateway::store {
namespace {

const Time kNow{Millis{1'358'121'600'000}};  // 2013-01-14

JournalEntry MakeEntry(int number, std::size_t items = 2) {
  JournalEntry entry;
  entry.owner_kind = OwnerKind::kHousehold;
  entry.owner = OwnerId::FromBytes(std::string(OwnerId::kBytes, static_cast<char>('a' + number % 3)));
  entry.arrival = kNow + Millis{number};
  entry.message_hash = 1'000u + static_cast<uint64_t>(number);
  for (std::size_t i = 0; i < items; ++i) {
    entry.items.push_back(
        {.series = SeriesId::FromBytes(std::string(SeriesId::kBytes, static_cast<char>(i))),
         .reading = {.time = kNow, .value = -number, .quality = static_cast<uint8_t>(i)}});
  }
  return entry;
}

std::unique_ptr<Journal> MustOpen(OpenStore& store, uint64_t at_least = 0) {
  auto journal = Journal::Open(store.vault(), at_least);
  EXPECT_TRUE(journal.ok()) << journal.status();
  return *std::move(journal);
}

uint64_t MustAppend(Journal& journal, const JournalEntry& entry) {
  const auto sequence = journal.Append(entry, kNow);
  EXPECT_TRUE(sequence.ok()) << sequence.status();
  return sequence.ok() ? *sequence : 0;
}

std::vector<JournalEntry> ReadAll(const Journal& journal, uint64_t after,
                                  std::size_t max = 1'000) {
  std::vector<JournalEntry> entries;
  const Status read = journal.ReadFrom(after, max, [&](const JournalEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  return entries;
}

TEST(JournalTest, EntriesComeBackAsTheyWereInOrder) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  std::vector<JournalEntry> want;
  for (int i = 0; i < 5; ++i) {
    want.push_back(MakeEntry(i, static_cast<std::size_t>(i)));
    want.back().sequence = MustAppend(*journal, want.back());
    EXPECT_EQ(want.back().sequence, static_cast<uint64_t>(i) + 1);
  }
  EXPECT_EQ(ReadAll(*journal, 0), want);
  EXPECT_EQ(journal->last(), 5u);
}

TEST(JournalTest, ExtremeReadingsSurvive) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  JournalEntry entry = MakeEntry(1, limits::kObservationsPerMessageMax);
  entry.items[0].reading = {.time = Time::max(), .value = std::numeric_limits<int64_t>::min(),
                            .quality = 255};
  entry.items[1].reading = {.time = Time::min(), .value = std::numeric_limits<int64_t>::max()};
  entry.message_hash = std::numeric_limits<uint64_t>::max();
  entry.sequence = MustAppend(*journal, entry);
  EXPECT_EQ(ReadAll(*journal, 0).at(0), entry);
  entry.items.push_back(entry.items[0]);
  EXPECT_EQ(journal->Append(entry, kNow).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(journal->last(), 1u);
}

TEST(JournalTest, ReadFromSkipsStopsAndIsBounded) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  for (int i = 0; i < 10; ++i) MustAppend(*journal, MakeEntry(i));
  EXPECT_EQ(ReadAll(*journal, 7).size(), 3u);
  EXPECT_EQ(ReadAll(*journal, 7).at(0).sequence, 8u);
  EXPECT_EQ(ReadAll(*journal, 2, 4).size(), 4u);
  EXPECT_TRUE(ReadAll(*journal, 10).empty());
  EXPECT_TRUE(ReadAll(*journal, std::numeric_limits<uint64_t>::max()).empty());
  int visited = 0;
  ASSERT_TRUE(journal->ReadFrom(0, 100, [&](auto&) { return ++visited < 3; }).ok());
  EXPECT_EQ(visited, 3);
}

TEST(JournalTest, NumbersContinueAfterAReopen) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto journal = MustOpen(store);
  for (int i = 0; i < 3; ++i) MustAppend(*journal, MakeEntry(i));
  store.Reopen();
  journal = MustOpen(store);
  EXPECT_EQ(journal->last(), 3u);
  EXPECT_EQ(MustAppend(*journal, MakeEntry(3)), 4u);
  EXPECT_EQ(ReadAll(*journal, 0).size(), 4u);
}

TEST(JournalTest, NumbersContinueAfterEverythingWasTrimmed) {
  const Scratch scratch;
  OpenStore store(scratch);
  auto journal = MustOpen(store);
  for (int i = 0; i < 3; ++i) MustAppend(*journal, MakeEntry(i));
  ASSERT_TRUE(journal->TrimThrough(3).ok());
  EXPECT_TRUE(ReadAll(*journal, 0).empty());
  store.Reopen();
  journal = MustOpen(store, 3);
  EXPECT_EQ(MustAppend(*journal, MakeEntry(3)), 4u);
}

TEST(JournalTest, TrimDeletesUpToItsNumberAndNothingThatIsStillToCome) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  for (int i = 0; i < 5; ++i) MustAppend(*journal, MakeEntry(i));
  ASSERT_TRUE(journal->TrimThrough(0).ok());
  EXPECT_EQ(ReadAll(*journal, 0).size(), 5u);
  ASSERT_TRUE(journal->TrimThrough(2).ok());
  EXPECT_EQ(ReadAll(*journal, 0).at(0).sequence, 3u);
  ASSERT_TRUE(journal->TrimThrough(std::numeric_limits<uint64_t>::max()).ok());
  EXPECT_TRUE(ReadAll(*journal, 0).empty());
  MustAppend(*journal, MakeEntry(5));
  EXPECT_EQ(ReadAll(*journal, 0).at(0).sequence, 6u);
}

TEST(JournalTest, AMissingEntryBetweenTwoOthersIsDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  for (int i = 0; i < 3; ++i) MustAppend(*journal, MakeEntry(i));
  Batch batch;
  batch.Delete(Table::kJournal, ByteWriter().U64(2).bytes());
  ASSERT_TRUE(store.db().Commit(batch).ok());
  const Status read = journal->ReadFrom(0, 10, [](auto&) { return true; });
  EXPECT_EQ(read.code(), StatusCode::kDataLoss);
}

TEST(JournalTest, SwappedEntriesAreDataLoss) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  MustAppend(*journal, MakeEntry(0));
  MustAppend(*journal, MakeEntry(3));  // the same owner
  const std::string first = ByteWriter().U64(1).Take();
  const std::string second = ByteWriter().U64(2).Take();
  Batch batch;
  batch.Put(Table::kJournal, first, **store.db().Get(Table::kJournal, second));
  batch.Put(Table::kJournal, second, **store.db().Get(Table::kJournal, first));
  ASSERT_TRUE(store.db().Commit(batch).ok());
  const Status read = journal->ReadFrom(0, 10, [](auto&) { return true; });
  EXPECT_EQ(read.code(), StatusCode::kDataLoss);
}

TEST(JournalTest, EntriesAreSealedUnderTheKeyOfTheMonth) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  MustAppend(*journal, MakeEntry(0));
  const auto header = ParseRowHeader(**store.db().Get(Table::kJournal, ByteWriter().U64(1).bytes()));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->epoch, MonthOf(kNow));
  EXPECT_EQ(header->owner, MakeEntry(0).owner);
}

TEST(JournalTest, AFailedAppendDoesNotUseUpItsNumber) {
  const Scratch scratch;
  OpenStore store(scratch);
  const auto journal = MustOpen(store);
  MustAppend(*journal, MakeEntry(0));
  ASSERT_TRUE(store.db().Close().ok());
  EXPECT_FALSE(journal->Append(MakeEntry(0), kNow).ok());
  EXPECT_EQ(journal->last(), 1u);
}

}  // namespace
}  // namespace gateway::store
