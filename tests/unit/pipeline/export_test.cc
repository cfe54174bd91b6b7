#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

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

TEST(ExportTest, WhatWasRolledUpIsThereAsItsOwnTier) {
  Kept kept(
      "  - {id: a, metric: used, tier: raw, keep: P30D, then: rollup}\n"
      "  - {id: b, metric: used, tier: rollup, bucket: P1D, keep: P400D, then: erase}\n"
      "  - {id: c, metric: warm, tier: raw, keep: P30D, then: erase}\n"
      "  - {id: d, metric: index, tier: raw, keep: P30D, then: erase}\n");
  const Time day = At("2013-02-14T00:00:00Z");
  kept.Send(0, "used", day + std::chrono::hours(3), 100);
  kept.Send(0, "used", day + std::chrono::hours(4), 11);
  kept.Decide(day + std::chrono::hours(24 * 5));
  kept.Retain(day + std::chrono::hours(24 * 32));
  ASSERT_EQ(kept.Rolled(0, "used").size(), 1u);
  const Registry& registry = kept.core().registry();
  const policy::Policy& policy = registry.rules()->documents.policy;
  const HouseholdFacts facts{.commons = "c",
                             .gateway = GatewayId("gw-a"),
                             .replay = true,
                             .now = day,
                             .household = *registry.FindOwner(kept.OwnerOf(0)),
                             .metrics = policy.metrics,
                             .retain = policy.retain};
  std::string archive;
  ASSERT_TRUE(WriteHouseholdExport(kept.vault(), facts, [&](std::string_view bytes) {
                archive.append(bytes);
                return OkStatus();
              }).ok());
  const auto entries = EntriesOf(archive);
  ASSERT_TRUE(entries.contains("readings-2013-02.csv"));
  EXPECT_THAT(entries.at("readings-2013-02.csv"), HasSubstr("rollup,,used,"));
  EXPECT_THAT(entries.at("readings-2013-02.csv"), HasSubstr(",P1D,111,,2\r\n"));
  EXPECT_THAT(entries.at("readings-2013-02.csv"), Not(HasSubstr("raw,")));
}

}  // namespace
}  // namespace gateway::pipeline
