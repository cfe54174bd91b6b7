#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "gateway/base/bytes.h"
#include "gateway/crypto/age.h"
#include "gateway/pipeline/household_export.h"
#include "tests/unit/pipeline/commons_fixture.h"
#include "tests/unit/pipeline/kept_fixture.h"

namespace gateway::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Everything `member` can open of the file; empty if nothing.
std::string OpenAs(const Member& member, const std::string& file) {
  StatusOr<crypto::AgeIdentity> identity = crypto::AgeIdentity::FromSigner(member.key);
  EXPECT_TRUE(identity.ok());
  std::string_view rest = file;
  StatusOr<crypto::AgeReader> reader = crypto::AgeReader::Open(
      std::span(&*identity, 1), [&](char* buffer, std::size_t size) -> StatusOr<std::size_t> {
        size = std::min(size, rest.size());
        std::memcpy(buffer, rest.data(), size);
        rest.remove_prefix(size);
        return size;
      });
  std::string plaintext;
  while (reader.ok()) {
    const StatusOr<std::string_view> piece = reader->Next();
    EXPECT_TRUE(piece.ok());
    if (!piece.ok() || piece->empty()) break;
    plaintext.append(*piece);
  }
  return plaintext;
}

// The entries of a tar archive, by name.
std::map<std::string, std::string> EntriesOf(const std::string& archive) {
  std::map<std::string, std::string> entries;
  EXPECT_EQ(archive.size() % 512, 0u);
  std::size_t at = 0;
  while (at + 512 <= archive.size() && archive[at] != '\0') {
    const std::string name = archive.c_str() + at;
    const std::size_t size = std::stoul(archive.substr(at + 124, 11), nullptr, 8);
    entries[name] = archive.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  EXPECT_EQ(archive.substr(at), std::string(1024, '\0'));
  return entries;
}

Status Export(Commons& commons, const std::string& household, std::string& file) {
  return commons.gateway().ExportHousehold(household, [&](std::string_view sealed) {
    file.append(sealed);
    return true;
  });
}

TEST(ExportTest, HoldsEveryReadingOfTheHouseholdAndOfNobodyElse) {
  Commons commons;
  const Member ann = commons.Join("flat-1"), ben = commons.Join("flat-2");
  commons.clock().Set(At("2013-02-02T00:00:00Z"));
  commons.Send(ann, "2013-01-31T23:30:00Z", 17);
  commons.Send(ann, "2013-02-01T00:00:00Z", 4242);
  commons.Send(ben, "2013-02-01T00:00:00Z", 999);
  std::string file;
  ASSERT_TRUE(Export(commons, "flat-1", file).ok());
  const auto entries = EntriesOf(OpenAs(ann, file));
  const std::string head(ExportCsvHeader());
  ASSERT_TRUE(entries.contains("readings-2013-01.csv"));
  ASSERT_TRUE(entries.contains("readings-2013-02.csv"));
  EXPECT_EQ(entries.at("readings-2013-01.csv"),
            head + "raw," + ann.device + ",load,Wh,2013-01-31T23:30:00Z,,17,,\r\n");
  EXPECT_EQ(entries.at("readings-2013-02.csv"),
            head + "raw," + ann.device + ",load,Wh,2013-02-01T00:00:00Z,,4242,,\r\n");
  EXPECT_EQ(entries.at("readings-2013-02.json"),
            "[\n{\"tier\": \"raw\", \"device\": \"" + ann.device +
                "\", \"metric\": \"load\", \"unit\": \"Wh\", \"time\": \"2013-02-01T00:00:00Z\", "
                "\"value\": \"4242\"}\n]\n");
  EXPECT_EQ(entries.size(), 7u);
  EXPECT_THAT(entries.at("household.json"), HasSubstr(ann.device));
  EXPECT_THAT(entries.at("household.json"), HasSubstr("\"state\": \"given\""));
  for (const auto& [name, content] : entries) EXPECT_THAT(content, Not(HasSubstr(ben.device)));
  EXPECT_THAT(entries.at("README.txt"), HasSubstr("flat-1"));
}

TEST(ExportTest, IsSealedToItsResidentsOnly) {
  Commons commons;
  const Member ann = commons.Join("flat-1"), ben = commons.Join("flat-2");
  std::string file;
  ASSERT_TRUE(Export(commons, "flat-1", file).ok());
  EXPECT_NE(OpenAs(ann, file), "");
  EXPECT_EQ(OpenAs(ben, file), "");
  EXPECT_THAT(file, Not(HasSubstr("flat-1")));
  EXPECT_THAT(file, Not(HasSubstr(ann.device)));
}

TEST(ExportTest, ALongMonthGoesOnInFurtherEntriesWithoutLosingARow) {
  Commons commons;
  const Member ann = commons.Join("flat-1");
  commons.clock().Set(At("2013-02-01T00:00:00Z"));
  constexpr int kSent = 12'000;
  for (int i = 0; i < kSent; ++i) {
    commons.Send(ann, FormatTime(At("2013-01-14T00:00:00Z") + std::chrono::seconds(i)), i);
  }
  std::string file;
  ASSERT_TRUE(Export(commons, "flat-1", file).ok());
  int entries = 0;
  std::set<std::string> rows;
  for (const auto& [name, content] : EntriesOf(OpenAs(ann, file))) {
    if (!name.starts_with("readings-2013-01") || !name.ends_with(".csv")) continue;
    ++entries;
    EXPECT_LT(content.size(), 2 * kExportEntryBytes);
    std::istringstream lines(content);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) EXPECT_TRUE(rows.insert(line).second) << line;
  }
  EXPECT_EQ(entries, 2);
  EXPECT_EQ(rows.size(), std::size_t{kSent});
}

TEST(ExportTest, AHouseholdThatIsUnknownOrNotConfirmedIsRefusedByName) {
  Commons commons;
  commons.Invite("flat-1");
  std::string file;
  const Status invited = Export(commons, "flat-1", file);
  EXPECT_EQ(invited.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(invited)), HasSubstr("not confirmed"));
  EXPECT_EQ(Export(commons, "flat-9", file).code(), StatusCode::kNotFound);
  EXPECT_EQ(file, "");
}

TEST(ExportTest, AReaderThatGoesAwayEndsTheExport) {
  Commons commons;
  commons.Join("flat-1");
  int calls = 0;
  const Status status = commons.gateway().ExportHousehold("flat-1", [&](std::string_view) {
    ++calls;
    return false;
  });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(calls, 1);
}

const std::string kRollUp =
    "  - {id: a, metric: used, tier: raw, keep: P30D, then: rollup}\n"
    "  - {id: b, metric: used, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n"
    "  - {id: c, metric: warm, tier: raw, keep: P30D, then: erase}\n"
    "  - {id: d, metric: index, tier: raw, keep: P30D, then: erase}\n";

// The entries of an export of the first household; `meanwhile` sees each piece as it is written.
std::map<std::string, std::string> ExportOf(
    Kept& kept, const std::function<void(std::string_view)>& meanwhile = nullptr) {
  const Registry& registry = kept.core().registry();
  const policy::Policy& policy = registry.rules()->documents.policy;
  const HouseholdFacts facts{.commons = "c",
                             .gateway = GatewayId("gw-a"),
                             .replay = true,
                             .now = At("2013-02-14T00:00:00Z"),
                             .household = *registry.FindOwner(kept.OwnerOf(0)),
                             .metrics = policy.metrics,
                             .retain = policy.retain};
  std::string archive;
  const Status written =
      WriteHouseholdExport(kept.vault(), facts, [&](std::string_view bytes) {
        archive.append(bytes);
        if (meanwhile) meanwhile(bytes);
        return OkStatus();
      });
  EXPECT_TRUE(written.ok()) << Message(written);
  return EntriesOf(archive);
}

// Does something to each row of a table.
void Rewrite(Kept& kept, store::Table table,
             const std::function<void(store::Batch&, std::string_view, std::string_view)>& change) {
  store::Batch batch;
  ASSERT_TRUE(kept.vault()
                  .db()
                  .Scan(table, {}, {},
                        [&](std::string_view key, std::string_view value) {
                          change(batch, key, value);
                          return true;
                        })
                  .ok());
  ASSERT_FALSE(batch.empty());
  ASSERT_TRUE(kept.vault().Commit(batch).ok());
}

void Damage(store::Batch& batch, store::Table table, std::string_view key, std::string value) {
  value.back() = static_cast<char>(value.back() ^ 1);
  batch.Put(table, key, value);
}

TEST(ExportTest, WhatWasRolledUpIsThereAsItsOwnTier) {
  Kept kept(kRollUp);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + std::chrono::hours(3), 100);
  kept.Send(0, "used", day + std::chrono::hours(4), 11);
  kept.Decide(day + std::chrono::hours(24 * 5));
  kept.Retain(day + std::chrono::hours(24 * 32));
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  auto entries = ExportOf(kept);
  EXPECT_THAT(entries["rollups-2013-02.csv"], HasSubstr("rollup,,used,"));
  EXPECT_THAT(entries["rollups-2013-02.csv"], HasSubstr(",P1D,111,,2\r\n"));
  EXPECT_FALSE(entries.contains("readings-2013-02.csv"));
  EXPECT_FALSE(entries.contains("damaged.txt"));
}

// In London the first of July begins in June, as UTC has it: its rollup lies there.
TEST(ExportTest, ADayOfTwoUtcMonthsThatIsRolledUpMeanwhileIsNotMissing) {
  Kept kept(kRollUp);
  const Time day = At("2013-06-30T23:00:00Z");
  kept.Send(0, "used", day + std::chrono::minutes(30), 100);
  kept.Send(0, "used", day + std::chrono::hours(9), 11);
  kept.Decide(day + std::chrono::hours(24 * 5));
  bool retained = false;
  auto entries = ExportOf(kept, [&](std::string_view bytes) {
    if (retained || bytes.find("readings-2013-06.json") == std::string_view::npos) return;
    retained = true;
    kept.Retain(day + std::chrono::hours(24 * 32));
  });
  ASSERT_TRUE(retained);
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  EXPECT_THAT(entries["readings-2013-06.csv"], HasSubstr(",100,"));
  EXPECT_FALSE(entries.contains("readings-2013-07.csv"));
  EXPECT_THAT(entries["rollups-2013-06.csv"], HasSubstr(",P1D,111,,2\r\n"));
}

TEST(ExportTest, AReadingThatCameBackBySalvageIsThereOnce) {
  Kept kept(kRollUp);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + std::chrono::hours(3), 100);
  kept.Send(0, "used", day + std::chrono::hours(4), 11);
  ASSERT_EQ(kept.Raw(0, "used").size(), 2u);
  Rewrite(kept, store::Table::kBlocks,
          [&](store::Batch& batch, std::string_view key, std::string_view value) {
            const auto head = *store::ParseRowHeader(value);
            std::string again(key);
            again.back() = static_cast<char>(again.back() + 1);  // its next part
            ASSERT_TRUE(kept.vault()
                            .PutSealed(batch, store::Table::kBlocks, again, head.owner_kind,
                                       head.owner, head.epoch,
                                       *kept.vault().OpenRow(store::Table::kBlocks, key, value))
                            .ok());
          });
  const std::string csv = ExportOf(kept)["readings-2013-02.csv"];
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
}

TEST(ExportTest, WhatIsDamagedIsNamedInTheArchiveAndTheRestIsThere) {
  Kept kept(kRollUp);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + std::chrono::hours(3), 100);
  kept.Send(0, "used", At("2013-03-01T00:00:00Z"), 11);
  ASSERT_EQ(kept.Raw(0, "used").size(), 2u);
  const std::string february = ByteWriter().U32(2013 * 12 + 1).Take();
  Rewrite(kept, store::Table::kBlocks,
          [&](store::Batch& batch, std::string_view key, std::string_view value) {
            if (!key.starts_with(february)) return;
            Damage(batch, store::Table::kBlocks, key, std::string(value));
          });
  auto entries = ExportOf(kept);
  const DeviceId device =
      kept.core().registry().FindOwner(kept.OwnerOf(0))->devices.front().device;
  EXPECT_FALSE(entries.contains("readings-2013-02.csv"));
  EXPECT_THAT(entries["readings-2013-03.csv"], HasSubstr(",11,"));
  EXPECT_THAT(entries["damaged.txt"],
              HasSubstr("device \"" + device.value() + "\", any of its metrics, with times from "
                        "2013-02-01T00:00:00Z to 2013-03-01T00:00:00Z, which came in 2013-02: 1 "));
  EXPECT_THAT(entries["household.json"],
              HasSubstr("\"damaged\": [{\"tier\": \"raw\", \"device\": \"" + device.value()));
}

TEST(ExportTest, ADamagedRollupIsNamedAndStopsNothing) {
  Kept kept(kRollUp);
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + std::chrono::hours(3), 100);
  kept.Decide(day + std::chrono::hours(24 * 5));
  kept.Retain(day + std::chrono::hours(24 * 32));
  kept.Send(0, "used", day + std::chrono::hours(24 * 33), 11);
  ASSERT_EQ(kept.Raw(0, "used").size(), 1u);
  Rewrite(kept, store::Table::kRollups,
          [&](store::Batch& batch, std::string_view key, std::string_view value) {
            Damage(batch, store::Table::kRollups, key, std::string(value));
          });
  auto entries = ExportOf(kept);
  EXPECT_THAT(entries["damaged.txt"], HasSubstr("Rollups of metric \"used\" from 2013-02-01"));
  EXPECT_THAT(entries["readings-2013-03.csv"], HasSubstr(",11,"));
}

}  // namespace
}  // namespace gateway::pipeline
