#include "gateway/yaml/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace gateway::yaml {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

// Parses `text`, reads its fields, and returns the first error's text.
std::string ReadAll(const std::string& text, const std::function<void(Fields&)>& read) {
  const StatusOr<Node> root = Parse(text);
  EXPECT_TRUE(root.ok()) << root.status();
  Status error;
  Fields fields(*root, "rule", error);
  read(fields);
  fields.Finish();
  return std::string(Message(error));
}

TEST(FieldsTest, ReadsEachTypeInAnyOrder) {
  const std::string error = ReadAll(
      "list: [x, y]\nneg: -5\nnum: 18446744073709551615\nflag: true\nkind: two\ntext: \"\"\n"
      "min: -9223372036854775808\nnone: []\n",
      [](Fields& f) {
        EXPECT_EQ(f.Text("text"), "");
        EXPECT_EQ(f.Uint("num", 0, std::numeric_limits<uint64_t>::max()),
                  std::numeric_limits<uint64_t>::max());
        EXPECT_EQ(f.Int("neg", -5, 5), -5);
        EXPECT_EQ(f.Int("min", std::numeric_limits<int64_t>::min(), 0),
                  std::numeric_limits<int64_t>::min());
        EXPECT_TRUE(f.Bool("flag"));
        EXPECT_EQ(f.OneOf("kind", {"one", "two"}), 1u);
        EXPECT_THAT(f.Texts("list", Fields::Empty::kRefused, 2), ElementsAre("x", "y"));
        EXPECT_TRUE(f.Texts("none", Fields::Empty::kAllowed, 2).empty());
        EXPECT_FALSE(f.Has("missing"));
      });
  EXPECT_EQ(error, "");
}

StatusOr<std::string> OnlyA(std::string_view text) {
  if (text == "a") return std::string(text);
  return InvalidArgument("not a");
}

TEST(FieldsTest, RefusesWithPositionAndName) {
  struct Case {
    const char* name;
    std::string text;
    std::function<void(Fields&)> read;
    const char* want;
  };
  const auto uint = [](Fields& f) { f.Uint("a", 2, 40); };
  const auto integer = [](Fields& f) { f.Int("a", -3, 3); };
  const auto text = [](Fields& f) { f.Text("a"); };
  const auto flag = [](Fields& f) { f.Bool("a"); };
  const auto list = [](Fields& f) { f.Texts("a", Fields::Empty::kRefused, 2); };
  const Case cases[] = {
      {"missing", "b: 1", text, "line 1 column 1: rule: a: missing"},
      {"unknown key", "a: x\nbb: 1", text, "line 2 column 1: rule: bb: unknown key"},
      {"merge key", "a: x\n<<: {b: 1}", text, "line 2 column 1: rule: <<: unknown key"},
      {"no mapping", "[a]", text, "line 1 column 1: rule: must be a mapping"},
      {"list for text", "a: [x]", text, "line 1 column 4: rule: a: must be a single value"},
      {"two lines", "a: |\n  x\n  y\n", text, "line 1 column 4: rule: a: must be one line"},
      {"octal", "a: 010", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"hexadecimal", "a: 0x10", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"quoted number", "a: \"10\"", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"float", "a: 10.0", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"exponent", "a: 1e1", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"plus", "a: +10", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"minus", "a: -10", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"underscore", "a: 1_0", uint, "line 1 column 4: rule: a: must be a whole number"},
      {"below", "a: 1", uint, "line 1 column 4: rule: a: 1 is outside 2 to 40"},
      {"above", "a: 41", uint, "line 1 column 4: rule: a: 41 is outside 2 to 40"},
      {"beyond 64 bits", "a: 18446744073709551616", uint,
       "line 1 column 4: rule: a: 18446744073709551616 is outside"},
      {"minus zero", "a: -0", integer, "line 1 column 4: rule: a: must be a whole number"},
      {"two signs", "a: --1", integer, "line 1 column 4: rule: a: must be a whole number"},
      {"negative octal", "a: -01", integer, "line 1 column 4: rule: a: must be a whole number"},
      {"below, signed", "a: -4", integer, "line 1 column 4: rule: a: -4 is outside -3 to 3"},
      {"yes", "a: yes", flag, "line 1 column 4: rule: a: must be true or false"},
      {"quoted true", "a: \"true\"", flag, "line 1 column 4: rule: a: must be true or false"},
      {"scalar for list", "a: x", list, "line 1 column 4: rule: a: must be a list"},
      {"empty list", "a: []", list, "line 1 column 4: rule: a: empty list"},
      {"long list", "a: [x, y, z]", list, "line 1 column 4: rule: a: 3 items, limit 2"},
      {"repetition", "a: [x, x]", list, "line 1 column 8: rule: a: \"x\" stands here twice"},
      {"list in list", "a: [[x]]", list, "line 1 column 5: rule: a: each item"},
      {"no such name", "a: c", [](Fields& f) { f.OneOf("a", {"x", "y"}); },
       "line 1 column 4: rule: a: \"c\" is not one of: x, y"},
      {"parser's error", "a: c", [](Fields& f) { f.Parse("a", OnlyA); },
       "line 1 column 4: rule: a: not a"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAll(c.text, c.read), StartsWith(c.want));
  }
}

TEST(FieldsTest, TheFirstErrorSticks) {
  const std::string error = ReadAll("a: x\nb: y\n", [](Fields& f) {
    f.Uint("a", 0, 9);
    f.Uint("b", 0, 9);
    EXPECT_EQ(f.Text("b"), "");
  });
  EXPECT_THAT(error, StartsWith("line 1 column 4: rule: a:"));
}

}  // namespace
}  // namespace gateway::yaml
