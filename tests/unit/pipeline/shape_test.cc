#include "gateway/pipeline/shape.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/model/limits.h"

namespace gateway::pipeline {
namespace {

const std::set<std::string, std::less<>> kKeys = {"value", "time", "bad\x1b[2Jkey"};

TEST(ShapeTest, HidesValuesAndNamesThatNoProfileKnows) {
  const struct {
    std::string payload, want;
  } cases[] = {
      {R"({"value": 0.25, "unit": "kWh"})", R"({"value": 9.99, "aaaa": "aaa"})"},
      {R"({"time" : "2026-11-24T10:00:00Z"})", R"({"time" : "9999-99-99a99:99:99a"})"},
      {R"({"021561782109": {"value": null}})", R"({"999999999999": {"value": aaaa}})"},
      {"-17.5", "-99.9"},
      {"", ""},
      // A known name as a value is a value.
      {R"({"x": "value"})", R"({"a": "aaaaa"})"},
      {R"(["value", "time"])", R"(["aaaaa", "aaaa"])"},
      // What ends early.
      {R"({"value)", R"({"aaaaa)"},
      {R"({"value":)", R"({"value":)"},
      {"\"", "\""},
      {R"({"value\"": 1})", R"({"aaaaa\"": 9})"},
      {R"({"a\)", R"({"a\)"},
  };
  for (const auto& test : cases) EXPECT_EQ(ShapeOf(test.payload, kKeys), test.want);
}

TEST(ShapeTest, NothingReachesTheTerminalButPrintableAscii) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& payload :
       {all, std::string("\x1b]0;owned\x07"), std::string("{\"bad\x1b[2Jkey\": 1}"),
        std::string("\xc2\x9b" "31m"), std::string("\r\n\t\x7f")}) {
    for (std::size_t from = 0; from < payload.size(); from += 64) {
      for (const char c : ShapeOf(std::string_view(payload).substr(from), kKeys)) {
        EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
      }
    }
  }
  EXPECT_EQ(ShapeOf("\xc3\xa9\x1b[1m", kKeys), "???[9a");
}

TEST(ShapeTest, IsCutAtItsLimit) {
  EXPECT_EQ(ShapeOf(std::string(4000, 'x'), kKeys), std::string(limits::kShapeBytesMax, 'a'));
  EXPECT_EQ(ShapeOf("\"" + std::string(4000, 'x'), kKeys).size(), limits::kShapeBytesMax);
}

}  // namespace
}  // namespace gateway::pipeline
