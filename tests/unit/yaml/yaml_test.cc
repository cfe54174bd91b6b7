#include "gateway/yaml/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gateway::yaml {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(YamlTest, ParseKeepsOrderTextQuotesAndPositions) {
  const StatusOr<Node> root = Parse("b: 1\na: [x, \"2\"]\nc:\n  - {d: e}\n");
  ASSERT_TRUE(root.ok()) << root.status();
  ASSERT_EQ(root->kind, NodeKind::kMapping);
  ASSERT_EQ(root->keys.size(), 3u);
  EXPECT_EQ(root->keys[0].text, "b");
  EXPECT_EQ(root->keys[1].text, "a");
  const Node& list = root->items[1];
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].line, 2);
  EXPECT_EQ(list.items[1].column, 8);
  const Node* inner = root->Find("c")->items[0].Find("d");
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(inner->text, "e");
  EXPECT_EQ(inner->line, 4);
  EXPECT_EQ(inner->column, 9);
  EXPECT_EQ(root->Find("z"), nullptr);
}

TEST(YamlTest, ParseGivesScalarsNoType) {
  const StatusOr<Node> root = Parse("[no, 010, 0x10, 1e3, 2013-01-14, ~x]");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->items[0].text, "no");
  EXPECT_EQ(root->items[1].text, "010");
  EXPECT_EQ(root->items[4].text, "2013-01-14");
}

TEST(YamlTest, ParseTakesOneExplicitDocumentAndUtf8Comments) {
  EXPECT_TRUE(Parse("---\n# Straße, €, 🏠\na: Straße\n").ok());
}

TEST(YamlTest, ParseRefusesEverythingAReaderCouldTakeTwoWays) {
  struct Case {
    const char* name;
    std::string text;
    const char* want;
  };
  const Case cases[] = {
      {"alias", "a: &x 1\nb: *x\n", "line 1 column 4: anchor"},
      {"anchor on a list", "a:\n  &x [1]\n", "line 2 column 3: anchor"},
      {"alias of nothing", "a: *x\n", "line 1 column 4: "},
      {"tag", "a: !!int 1\n", "line 1 column 4: tag"},
      {"own tag", "a: !mine 1\n", "line 1 column 4: tag"},
      {"bare tag", "a: ! 1\n", "line 1 column 4: tag"},
      {"tag without value", "a: !\nb: 1\n", "line 1 column 4: tag"},
      {"tag on a mapping", "a: !!map {b: 1}\n", "line 1 column 4: tag"},
      {"second document", "a: 1\n---\nb: 2\n", "line 2 column 1: second document"},
      {"duplicate key", "a: 1\nb: 2\na: 3\n", "line 3 column 1: key \"a\" again"},
      {"duplicate key in flow", "a: {k: 10, k: 2}\n", "line 1 column 12: key \"k\" again"},
      {"duplicate key, once quoted", "a: 1\n\"a\": 2\n", "line 2 column 1: key \"a\" again"},
      {"list as key", "? [a]\n: 1\n", "line 1 column 3: key"},
      {"mapping as key", "{{a: 1}: 2}\n", "line 1 column 2: key"},
      {"null", "a:\nb: 1\n", "line 2 column 1: empty value"},
      {"tilde", "a: ~\n", "line 1 column 4: empty value"},
      {"null word", "a: null\n", "line 1 column 4: empty value"},
      {"null key", "~: 1\n", "line 1 column 1: empty value"},
      {"empty item", "a:\n  -\n  - 1\n", "line 3 column 3: empty value"},
      {"byte order mark", "\xef\xbb\xbf" "a: 1\n", "line 1 column 1: byte order mark"},
      {"inner byte order mark", "a: 1\nb: \xef\xbb\xbf" "2\n", "line 2 column 4: byte order mark"},
      {"UTF-16", std::string("\xff\xfe" "a\0", 4), "line 1 column 1: not UTF-8"},
      {"carriage return", "a: 1\r\n", "line 1 column 5: carriage return"},
      {"tab", "a:\n\tb: 1\n", "line 2 column 1: tab"},
      {"tab in a comment", "a: 1 #\tx\n", "line 1 column 7: tab"},
      {"NUL", std::string("a: \0", 4), "line 1 column 4: control character"},
      {"escape byte", "a: \x1b[1m\n", "line 1 column 4: control character"},
      {"delete", "a: \x7f\n", "line 1 column 4: control character"},
      {"next line", "a: \xc2\x85\n", "line 1 column 4: control character"},
      {"overlong", "a: \xc0\xaf\n", "line 1 column 4: not UTF-8"},
      {"surrogate", "a: \xed\xa0\x80\n", "line 1 column 4: not UTF-8"},
      {"above U+10FFFF", "a: \xf4\x90\x80\x80\n", "line 1 column 4: not UTF-8"},
      {"cut sequence", "a: \xe2\x82", "line 1 column 4: not UTF-8"},
      {"direction override", "a: \xe2\x80\xae" "x\n", "line 1 column 4: invisible"},
      {"zero width space", "a: \xe2\x80\x8b" "x\n", "line 1 column 4: invisible"},
      {"escaped NUL", "a: \"\\0\"\n", "line 1 column 4: escape"},
      {"escaped tab", "a: \"\\t\"\n", "line 1 column 4: escape"},
      {"nothing", "", "line 1 column 1: empty document"},
      {"only a comment", "# hello\n", "line 1 column 1: empty document"},
      {"open bracket", "a: [1\n", "line 2 column 1: end of sequence"},
      {"open bracket after a comma", "a: [1,\n", "line "},
      {"open brace", "a: {b: 1\n", "line "},
      {"open bracket alone", "[", "line "},
      {"bad indentation", "a: 1\n  b: 2\n", "line 2 column 4: "},
      {"open quote", "a: \"x\n", "line 1 column 4: quote that is never closed"},
      {"open quote at the end", "a: \"", "line 1 column 4: quote that is never closed"},
      {"open single quote", "a: 'x", "line 1 column 4: quote that is never closed"},
      {"open quote of a key", "\"a: x", "line 1 column 1: quote that is never closed"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const StatusOr<Node> root = Parse(c.text);
    EXPECT_EQ(root.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(root.status())), StartsWith(c.want));
  }
}

TEST(YamlTest, ParseReadsBlockScalarsToTheEndOfTheText) {
  const StatusOr<Node> root = Parse("a: |\n  x\n  y");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->items[0].text, "x\ny\n");
  EXPECT_TRUE(root->items[0].quoted);
}

TEST(YamlTest, ParseStopsAtTheDepthLimit) {
  const std::string within = std::string(kYamlDepthMax, '[') + std::string(kYamlDepthMax, ']');
  EXPECT_TRUE(Parse(within).ok());
  const StatusOr<Node> deeper = Parse("[" + within + "]");
  EXPECT_THAT(std::string(Message(deeper.status())),
              StartsWith("line 1 column 13: nesting deeper than 12"));
  EXPECT_FALSE(Parse(std::string(100'000, '[')).ok());
}

TEST(YamlTest, ParseStopsAtTheSizeLimit) {
  const std::string within = "a: " + std::string(kYamlBytesMax - 3, 'x');
  EXPECT_TRUE(Parse(within).ok());
  EXPECT_THAT(std::string(Message(Parse(within + "x").status())), HasSubstr("limit 262144"));
}

// Fixed damage to a good text: whatever happens, it is a value or a Status with a position.
TEST(YamlTest, ParseNeverThrowsOnDamagedText) {
  const std::string good =
      "a: {b: [1, \"x\", 'y'], c: z}\nd:\n  - e: f\n    g: |\n      text\n    h: >\n      folded\n";
  ASSERT_TRUE(Parse(good).ok());
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : std::string_view("\0\t:{}[]&*!|>'\"%@`-?,#\n\\\xff", 24)) {
      std::string bad = good;
      bad[i] = c;
      const StatusOr<Node> root = Parse(bad);
      if (!root.ok()) {
        EXPECT_THAT(std::string(Message(root.status())), StartsWith("line "));
      }
    }
  }
}

}  // namespace
}  // namespace gateway::yaml
