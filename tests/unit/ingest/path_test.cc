#include "gateway/ingest/path.h"

#include <gtest/gtest.h>

#include "gateway/ingest/json_reader.h"
#include "gateway/model/limits.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;
using Strings = std::vector<std::string>;

class PathTest : public testing::Test {
 protected:
  // "text part metric" of each field that the path leads to.
  Strings Select(std::string_view path, std::string_view json) {
    EXPECT_EQ(reader_.Read(json, fields_), DoorCode::kAdmitted) << json;
    const StatusOr<Path> parsed = Path::Parse(path);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    Strings found;
    for (const Field& field : fields_.fields) {
      Captures captures;
      if (!parsed->Matches(fields_, field, captures)) continue;
      found.push_back(Format("%s %s %s", field.text, captures.part, captures.metric));
    }
    return found;
  }

  JsonReader reader_;
  Fields fields_;
};

TEST_F(PathTest, LeadsThroughKeysAndIndices) {
  const std::string_view json =
      R"({"Time":"t","ENERGY":{"Power":[7,8],"Total":1.5},"a.b":{"c'd":2},"":3,"DS-1":{"T":13.3}})";
  EXPECT_EQ(Select("ENERGY.Total", json), Strings{"1.5  "});
  EXPECT_EQ(Select("ENERGY.Power[1]", json), Strings{"8  "});
  EXPECT_EQ(Select("'a.b'.'c''d'", json), Strings{"2  "});
  EXPECT_EQ(Select("DS-1.T", json), Strings{"13.3  "});
  EXPECT_EQ(Select("ENERGY", json), Strings());
  EXPECT_EQ(Select("ENERGY.Power", json), Strings());
  EXPECT_EQ(Select("ENERGY.Power[2]", json), Strings());
  EXPECT_EQ(Select("Time.x", json), Strings());
  EXPECT_EQ(Select("[1]", "[4,5]"), Strings{"5  "});
}

TEST_F(PathTest, PlaceholdersCaptureKeysAndIndices) {
  const std::string_view json =
      R"({"switch:0":{"apower":1},"switch:1":{"apower":2},"cover:0":{"apower":3},"P":[7,8]})";
  EXPECT_EQ(Select("'switch:{part}'.apower", json), (Strings{"1 0 ", "2 1 "}));
  EXPECT_EQ(Select("P[{part}]", json), (Strings{"7 0 ", "8 1 "}));
  EXPECT_EQ(Select("P[{any}]", json), (Strings{"7  ", "8  "}));
  EXPECT_EQ(Select("{metric}[0]", json), Strings{"7  P"});
  EXPECT_EQ(Select("switch:{part}.{metric}", json), (Strings{"1 0 apower", "2 1 apower"}));
}

TEST_F(PathTest, ASelectorFindsItsElementWhateverTheOrderOfItsKeys) {
  const std::string_view json = R"({"s":[{"t":"A","v":"1"},{"v":"2","x":{"t":"A"},"t":"B"},
                                        {"v":"3","t":"A"},{"v":"4"},"A",{"t":5,"v":"5"}]})";
  EXPECT_EQ(Select("s[t=A].v", json), (Strings{"1  ", "3  "}));
  EXPECT_EQ(Select("s[t=B].v", json), Strings{"2  "});
  EXPECT_EQ(Select("s[t=5].v", json), Strings{"5  "});
  EXPECT_EQ(Select("s[t=C].v", json), Strings());
}

TEST_F(PathTest, ParseRefusesWhatIsNoPath) {
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("a[b]"), std::string("a[-1]"), std::string("a[1"), std::string("a]"),
        std::string("a[1]b"), std::string("'a"), std::string("'a'b"), std::string("a[{metric}]"),
        std::string("a[x{part}]"), std::string("a[=b]"), std::string("a[b=]"), std::string("{x}"),
        std::string("a[1024]"), std::string(limits::kPathBytesMax + 1, 'a'),
        std::string("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a")}) {
    EXPECT_EQ(Path::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(PathTest, KnowsWhetherWhatWouldHoldItIsThere) {
  ASSERT_EQ(reader_.Read(R"({"a":{"b":1}})", fields_), DoorCode::kAdmitted);
  EXPECT_TRUE(Path::Parse("a.c")->HasParent(fields_));
  EXPECT_TRUE(Path::Parse("c")->HasParent(fields_));
  EXPECT_FALSE(Path::Parse("c.d")->HasParent(fields_));
  EXPECT_FALSE(Path::Parse("a.b.c")->HasParent(fields_));
}

DoorCode Read(std::string_view json) {
  JsonReader reader;
  Fields fields;
  return reader.Read(json, fields);
}

TEST(JsonReaderTest, ABareNanIsANullAndItsSiblingsSurvive) {
  JsonReader reader;
  Fields fields;
  ASSERT_EQ(reader.Read(R"({"a":nan,"b":[1,-inf,"x"],"c":{"d":NaN},"e":2})", fields),
            DoorCode::kAdmitted);
  std::vector<FieldKind> kinds;
  for (const Field& field : fields.fields) kinds.push_back(field.kind);
  EXPECT_EQ(kinds, (std::vector{FieldKind::kNull, FieldKind::kNumber, FieldKind::kNull,
                                FieldKind::kText, FieldKind::kNull, FieldKind::kNumber}));
}

TEST(JsonReaderTest, AKeyThatRepeatsIsMalformedAtAnyDepth) {
  EXPECT_EQ(Read(R"({"a":1,"a":1})"), DoorCode::kMalformed);
  EXPECT_EQ(Read(R"({"x":{"a":1,"\u0061":1}})"), DoorCode::kMalformed);
  EXPECT_EQ(Read(R"({"x":[{"a":{},"a":{}}]})"), DoorCode::kMalformed);
  EXPECT_EQ(Read(R"({"a":1,"x":{"a":1},"y":[{"a":1},{"a":1}]})"), DoorCode::kAdmitted);
}

TEST(JsonReaderTest, DepthFieldsAndNodesAreBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_EQ(Read(nested(kFieldDepthMax)), DoorCode::kAdmitted);
  EXPECT_EQ(Read(nested(kFieldDepthMax + 1)), DoorCode::kMalformed);
  const auto list = [](std::size_t count, const std::string& item) {
    std::string text = "[" + item;
    for (std::size_t i = 1; i < count; ++i) text += "," + item;
    return text + "]";
  };
  EXPECT_EQ(Read(list(kFieldsMax, "1")), DoorCode::kAdmitted);
  EXPECT_EQ(Read(list(kFieldsMax + 1, "1")), DoorCode::kOversized);
  EXPECT_EQ(Read(list(limits::kJsonNodesMax, "{}")), DoorCode::kAdmitted);
  EXPECT_EQ(Read(list(limits::kJsonNodesMax + 1, "{}")), DoorCode::kOversized);
}

TEST(JsonReaderTest, AScalarAloneIsNoPayload) {
  for (const char* json : {"1", "\"x\"", "true", "null", "nan", ""}) {
    EXPECT_EQ(Read(json), DoorCode::kMalformed) << json;
  }
}

}  // namespace
}  // namespace gateway::ingest
