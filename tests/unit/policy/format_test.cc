#include "gateway/policy/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/yaml/yaml.h"
#include "tests/support/prng.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using gateway::testing::Prng;
using ::testing::HasSubstr;

std::string Formatted(const std::string& text) {
  const StatusOr<std::string> formatted = FormatDocument(text);
  EXPECT_TRUE(formatted.ok()) << formatted.status() << "\n" << text;
  return formatted.ok() ? *formatted : "";
}

TEST(FormatTest, LaysOutBlocksFlowsAndQuotesInOneWay) {
  struct Layout {
    const char* name;
    const char* text;
    const char* want;
  };
  const Layout layouts[] = {
      {"spaces", "a:   1\nb :  [ x,y ]\nc: { d: 1,e: 2 , }\n", "a: 1\nb: [x, y]\nc: {d: 1, e: 2}\n"},
      {"indentation", "a:\n    b: 1\nc:\n- x\n-    d: 1\n     e: 2\n",
       "a:\n  b: 1\nc:\n  - x\n  - d: 1\n    e: 2\n"},
      {"lists of lists", "-   - a\n    - b\n-\n  - c\n", "- - a\n  - b\n- - c\n"},
      {"blank lines", "\n\na: 1\n\n\n\nb: 2\n  \nc: 3\n\n", "a: 1\n\nb: 2\n\nc: 3\n"},
      {"quotes", "a: 'it''s'\nb: 'say \"x\"'\nc: \"\\\\ \\x41\"\n'd': \"1\"\n",
       "a: \"it's\"\nb: 'say \"x\"'\nc: '\\ A'\n\"d\": \"1\"\n"},
      {"folded text", "a: one\n  two\nb: \"three\n  four\"\n", "a: one two\nb: \"three four\"\n"},
      {"marks of a document", "---\na: 1\n...\n", "a: 1\n"},
      {"one pair in a list", "a: [b: 1, c]\n", "a: [{b: 1}, c]\n"},
      {"empty ones", "a: [ ]\nb: {\n}\n", "a: []\nb: {}\n"},
  };
  for (const Layout& layout : layouts) {
    SCOPED_TRACE(layout.name);
    EXPECT_EQ(Formatted(layout.text), layout.want);
  }
}

TEST(FormatTest, KeepsEveryComment) {
  struct Layout {
    const char* name;
    const char* text;
    const char* want;
  };
  const Layout layouts[] = {
      {"behind a line", "a: 1 # x\n\nb: 22   #y\nccc: 3 # z  \n",
       "a: 1  # x\n\nb: 22   #y\nccc: 3  # z\n"},
      {"on its own", "# top\na:\n   # of b\n   b: 1\n   # last of a\n# of c\nc: 2\n# end\n",
       "# top\na:\n  # of b\n  b: 1\n  # last of a\n# of c\nc: 2\n# end\n"},
      {"of a key", "a: # x\n  - b\n", "a:  # x\n  - b\n"},
      {"between key and value", "a: # x\n  b\n", "# x\na: b\n"},
      {"between dash and item", "- # x\n  a: 1\n", "# x\n- a: 1\n"},
      {"inside brackets", "a: [x, # 1\n  # 2\n  {y: z}] # 3\n",
       "a:\n  - x  # 1\n  # 2\n  - {y: z}  # 3\n"},
      {"in empty brackets", "a: [ # x\n]\n", "# x\na: []\n"},
      {"only looks like one", "a: \"x # y\"\nb: x#y\nc: 'p''# q'\n",
       "a: \"x # y\"\nb: x#y\nc: \"p'# q\"\n"},
      {"right behind a quote", "a: \"x\"#y\n", "a: \"x\"  #y\n"},
  };
  for (const Layout& layout : layouts) {
    SCOPED_TRACE(layout.name);
    EXPECT_EQ(Formatted(layout.text), layout.want);
  }
}

TEST(FormatTest, FillsWhatHasNoRoomOnALine) {
  const std::string word(30, 'w');
  const std::string text = "r:\n  - {a: " + word + ", b: " + word + ", c: " + word + ", d: [" + word +
                           ", " + word + ", " + word + "]}\n";
  EXPECT_EQ(Formatted(text), "r:\n  - {a: " + word + ", b: " + word + ",\n     c: " + word +
                                 ",\n     d: [" + word + ", " + word + ",\n         " + word + "]}\n");
  // At the limit, and one more.
  const std::string fits = "a: [" + std::string(47, 'x') + ", " + std::string(46, 'y') + "]\n";
  ASSERT_EQ(fits.size(), kFormatColumns + 1);
  EXPECT_EQ(Formatted(fits), fits);
  const std::string longer = "a: [" + std::string(47, 'x') + ", " + std::string(47, 'y') + "]\n";
  EXPECT_EQ(Formatted(longer),
            "a: [" + std::string(47, 'x') + ",\n    " + std::string(47, 'y') + "]\n");
  // Characters count, not bytes.
  std::string accents;
  for (int i = 0; i < 46; ++i) accents += "é";
  const std::string wide = "a: [" + std::string(47, 'x') + ", " + accents + "]\n";
  EXPECT_EQ(Formatted(wide), wide);
}

TEST(FormatTest, RefusesTextsOfSeveralLinesAndWhatTheReaderRefuses) {
  for (const char* text : {"a: |\n  b\n", "a: >-\n  b\n", "a: \"b\n\n  c\"\n", "a: \"b\\nc\"\n"}) {
    const StatusOr<std::string> formatted = FormatDocument(text);
    EXPECT_EQ(formatted.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(Message(formatted.status())),
                HasSubstr("line 1 column 4: text of several lines"));
  }
  EXPECT_THAT(std::string(Message(FormatDocument("a: &x 1\n").status())),
              HasSubstr("line 1 column 4: anchor"));
}

TEST(FormatTest, RiversideIsFormatted) {
  for (const std::string& text : {CharterText(), PolicyText(), RosterText()}) {
    EXPECT_EQ(Formatted(text), text);
  }
}

bool SaysTheSame(const yaml::Node& a, const yaml::Node& b) {
  return a.kind == b.kind && a.text == b.text && a.quoted == b.quoted &&
         std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), SaysTheSame) &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SaysTheSame);
}

// Returns whether the text was formatted, not refused.
bool CheckFormat(const std::string& text) {
  const StatusOr<yaml::Node> before = yaml::Parse(text);
  const StatusOr<std::string> once = FormatDocument(text);
  if (!once.ok()) {
    EXPECT_EQ(once.status().code(), StatusCode::kInvalidArgument) << once.status() << "\n" << text;
    return false;
  }
  const StatusOr<yaml::Node> after = yaml::Parse(*once);
  EXPECT_TRUE(before.ok() && after.ok() && SaysTheSame(*before, *after)) << text << "\n" << *once;
  const StatusOr<std::string> twice = FormatDocument(*once);
  EXPECT_TRUE(twice.ok() && *twice == *once) << text << "\n" << *once << "\n" << *twice;
  EXPECT_EQ(once->find("\n\n\n"), std::string::npos) << *once;
  EXPECT_EQ(once->find(" \n"), std::string::npos) << *once;
  return true;
}

// A text as people write them, and as they should not: every style, comments anywhere.
class Scribbler {
 public:
  explicit Scribbler(Prng& prng) : prng_(prng) {}

  std::string Text() {
    text_.clear();
    comments_ = 0;
    Gap(0);
    Block(0, 0);
    return text_;
  }
  int comments() const { return comments_; }

 private:
  std::string Comment() {
    ++comments_;
    return Format("# note %d: 'it', [is] \"so\"", comments_);
  }

  // Blank lines and comments before a line.
  void Gap(std::size_t indent) {
    while (prng_.Percent(15)) text_ += std::string(prng_.Below(3), ' ') + "\n";
    while (prng_.Percent(12)) {
      text_ += std::string(prng_.Below(indent + 3), ' ') + Comment() + "\n";
      if (prng_.Percent(20)) text_ += "\n";
    }
  }

  void EndLine() {
    if (prng_.Percent(20)) text_ += std::string(1 + prng_.Below(3), ' ') + Comment();
    text_ += "\n";
  }

  std::string Word() {
    constexpr const char* kWords[] = {
        "a",  "load", "P1D", "10",  "true", "no", "x#y", "a:b", "2026-01-01T00:00:00Z", "-1",
        "\"\"", "\"1\"", "\"a # b\"", "'it''s'", "'say \"x\"'", "\"é ü\"", "@", "\"{x: [y]}\"",
        "longer-than-the-others-because-lines-have-to-be-filled-too", "two words"};
    const char* word = kWords[prng_.Below(std::size(kWords))];
    return *word == '@' ? "\"@\"" : word;
  }

  void Flow(int depth) {
    const bool mapping = prng_.Percent(60);
    text_ += mapping ? "{" : "[";
    const std::size_t count = prng_.Below(7);
    for (std::size_t i = 0; i < count; ++i) {
      if (prng_.Percent(15)) text_ += std::string(prng_.Below(3), ' ');
      if (prng_.Percent(10)) text_ += "\n     ";
      if (prng_.Percent(4)) text_ += " " + Comment() + "\n     ";
      if (mapping) text_ += Format("k%d: ", i);
      if (depth < 3 && prng_.Percent(20)) {
        Flow(depth + 1);
      } else {
        text_ += Word();
      }
      if (prng_.Percent(4)) text_ += " " + Comment() + "\n     ";
      if (i + 1 < count) text_ += prng_.Percent(80) ? ", " : ",";
    }
    text_ += mapping ? "}" : "]";
  }

  void Value(std::size_t indent, int depth) {
    if (depth < 4 && prng_.Percent(30)) {
      EndLine();
      Gap(indent + 2);
      Block(indent + 1 + prng_.Below(4), depth + 1);
      return;
    }
    text_ += std::string(1 + prng_.Below(2), ' ');
    if (prng_.Percent(40)) {
      Flow(0);
    } else {
      text_ += Word();
    }
    EndLine();
  }

  void Block(std::size_t indent, int depth) {
    const bool mapping = prng_.Percent(60);
    const std::size_t count = 1 + prng_.Below(4);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) Gap(indent);
      text_ += std::string(indent, ' ');
      text_ += mapping ? Format("key%d:", i) : "-";
      Value(indent, depth);
    }
  }

  Prng& prng_;
  std::string text_;
  int comments_ = 0;
};

TEST(FormatTest, AnyTextSaysTheSameAfterwardsAndStaysAsItIsThen) {
  Prng prng(20261124);
  Scribbler scribbler(prng);
  int formatted = 0;
  for (int i = 0; i < 1'000 && !HasFailure(); ++i) {
    const std::string text = scribbler.Text();
    if (!CheckFormat(text)) continue;
    ++formatted;
    const std::string once = Formatted(text);
    for (int comment = 1; comment <= scribbler.comments(); ++comment) {
      EXPECT_THAT(once, HasSubstr(Format("# note %d: 'it', [is] \"so\"", comment))) << text;
    }
  }
  EXPECT_GT(formatted, 900);
}

TEST(FormatTest, AnyDamagedDocumentThatIsStillYamlIsFormattedWithoutLoss) {
  Prng prng(6);
  const std::string texts[] = {CharterText(), PolicyText(), RosterText()};
  constexpr std::string_view kPieces[] = {"\n", " ", "#", " # x\n", "[", "]", "{", "}", ",",
                                          ": ", "- ", "\"", "'", "\n\n", "  ", "? ", "a"};
  int formatted = 0;
  for (int i = 0; i < 600 && !HasFailure(); ++i) {
    std::string text = texts[prng.Below(3)];
    for (uint64_t changes = 1 + prng.Below(3); changes > 0; --changes) {
      const std::size_t at = prng.Below(text.size());
      if (prng.Percent(40)) text.erase(at, 1 + prng.Below(4));
      if (prng.Percent(70)) text.insert(at, kPieces[prng.Below(std::size(kPieces))]);
    }
    if (CheckFormat(text)) ++formatted;
  }
  EXPECT_GT(formatted, 100);
}

}  // namespace
}  // namespace gateway::policy
