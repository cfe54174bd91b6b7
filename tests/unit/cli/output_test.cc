#include "gateway/cli/output.h"

#include <gtest/gtest.h>

namespace gateway::cli {
namespace {

Table Sample() {
  return {{"zone", "sum", "none", "mean"},
          {{"north", int64_t{-12345}, Value(), Value()},
           {"a \"b\", c", int64_t{7}, Value(), int64_t{3}}}};
}

TEST(OutputTest, TableAlignsNumbersRightAndDropsEmptyColumns) {
  EXPECT_EQ(Render(Sample(), OutputFormat::kTable),
            "zone         sum  mean\n"
            "north     -12345     -\n"
            "a \"b\", c       7     3\n");
}

TEST(OutputTest, TableWithoutRowsIsItsHeader) {
  EXPECT_EQ(Render(Table{{"a", "b"}, {}}, OutputFormat::kTable), "a  b\n");
}

TEST(OutputTest, TableCannotMoveTheCursor) {
  EXPECT_EQ(Render(Table{{"id"}, {{"x\x1b[2J\n"}}}, OutputFormat::kTable), "id\nx?[2J?\n");
  EXPECT_EQ(Printable("\xc2\x9b" "1A \xc2\xb0" "C"), "?1A \xc2\xb0" "C");
}

TEST(OutputTest, JsonNumbersAreIntegersAndAbsentValuesAreAbsent) {
  EXPECT_EQ(Render(Sample(), OutputFormat::kJson),
            "[\n  {\n    \"zone\": \"north\",\n    \"sum\": -12345\n  },\n"
            "  {\n    \"zone\": \"a \\\"b\\\", c\",\n    \"sum\": 7,\n    \"mean\": 3\n  }\n]\n");
}

TEST(OutputTest, JsonKeepsEveryDigitOfSixtyFourBits) {
  EXPECT_EQ(Render(Record{{"n", uint64_t{18446744073709551615u}}}, OutputFormat::kJson),
            "{\n  \"n\": 18446744073709551615\n}\n");
}

TEST(OutputTest, JsonOfNoRowsIsAnEmptyArray) {
  EXPECT_EQ(Render(Table{{"a"}, {}}, OutputFormat::kJson), "[]\n");
}

TEST(OutputTest, SeveralTablesAreAnObjectOfArraysOrOneAfterTheOther) {
  const NamedTables tables = {{"a", Table{{"x"}, {{"one"}}}}, {"b", Table{{"y"}, {}}}};
  EXPECT_EQ(Render(tables, OutputFormat::kJson),
            "{\n  \"a\": [\n    {\n      \"x\": \"one\"\n    }\n  ],\n  \"b\": []\n}\n");
  EXPECT_EQ(Render(tables, OutputFormat::kTable), "x\none\n");  // no heading over nothing
}

TEST(OutputTest, CsvQuotesAsRfc4180SaysAndKeepsEveryColumn) {
  EXPECT_EQ(Render(Sample(), OutputFormat::kCsv),
            "zone,sum,none,mean\r\nnorth,-12345,,\r\n\"a \"\"b\"\", c\",7,,3\r\n");
}

TEST(OutputTest, RecordShowsEachReasonOnItsLine) {
  const Record record{{"denied", uint64_t{3}},
                      {"reasons", Tally{{"denied", {{"unknown-device", 3}}}, {"quarantined", {}}}},
                      {"sound", true}};
  EXPECT_EQ(Render(record, OutputFormat::kTable),
            "denied                    3\n"
            "  denied: unknown-device  3\n"
            "sound                     true\n");
  EXPECT_EQ(Render(record, OutputFormat::kCsv),
            "denied,reasons,sound\r\n3,denied:unknown-device=3,true\r\n");
}

}  // namespace
}  // namespace gateway::cli
