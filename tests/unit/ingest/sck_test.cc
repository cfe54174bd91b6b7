#include "gateway/ingest/sck.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

std::string Read(std::string_view payload) {
  Fields fields;
  const DoorCode code = ReadSck(payload, fields);
  if (code != DoorCode::kAdmitted) {
    EXPECT_TRUE(fields.fields.empty() && fields.steps.empty());
    return std::string(DoorCodeName(code));
  }
  std::string result;
  for (const Field& field : fields.fields) {
    EXPECT_EQ(field.steps, 1u);
    const Field::Step& step = fields.steps[field.first_step];
    EXPECT_EQ(step.index, -1);
    const char kind = field.kind == FieldKind::kNumber ? '#'
                      : field.kind == FieldKind::kText ? '"'
                                                       : '0';
    result += std::string(step.key) + "=" + kind + std::string(field.text) + " ";
  }
  return result;
}

TEST(SckTest, TheFirmwaresExampleIsRead) {
  EXPECT_EQ(Read("{t:2017-03-24T13:35:14Z,29:48.45,13:66,12:28,10:4.45}"),
            "t=\"2017-03-24T13:35:14Z 29=#48.45 13=#66 12=#28 10=#4.45 ");
  EXPECT_EQ(Read(" {10:-1.5e2}\r\n"), "10=#-1.5e2 ");
}

TEST(SckTest, AMissingReadingIsNullAndSparesTheOthers) {
  EXPECT_EQ(Read("{29:null,13:nan,12:-inf,10:1}"), "29=0null 13=0nan 12=0-inf 10=#1 ");
}

TEST(SckTest, EverythingElseIsMalformed) {
  for (const std::string_view payload :
       {"", "{", "}", "{}", "{t}", "{t:}", "{:1}", "{29:}", "{29:1,}", "{,29:1}", "{29:1,29:2}",
        "{t:2017-03-24T13:35:14Z,t:2017-03-24T13:35:14Z}", "{29:1}}", "{{29:1}", "{29:{1}}",
        "{29: 1}", "{ 29:1}", "{29 :1}", "{29:01}", "{29:+1}", "{29:1;13:2}", "{29:0x1}", "{a:1}",
        "{-1:1}", "{123456789:1}", "{29:\"1\"}", "{\"29\":1}", "{t:yesterday}", "{29:1:2}",
        "{t:2017-03-24 13:35:14}", "[29:1]", "{29:1}x", "{\"t\":1}"}) {
    EXPECT_EQ(Read(payload), "malformed") << payload;
  }
  EXPECT_EQ(Read("{t:" + std::string(41, '0') + "}"), "malformed");
  EXPECT_EQ(Read(std::string_view("{29:1\0}", 7)), "malformed");
}

TEST(SckTest, IsBounded) {
  std::string payload = "{0:1";
  for (std::size_t i = 1; i < kFieldsMax; ++i) payload += "," + std::to_string(i) + ":1";
  EXPECT_NE(Read(payload + "}"), "malformed");
  EXPECT_EQ(Read(payload + ",99999:1}"), "malformed");
  EXPECT_EQ(Read(std::string(limits::kPayloadBytesMax + 1, ' ')), "oversized");
}

TEST(SckTest, EveryTruncationIsMalformed) {
  const std::string whole = "{t:2017-03-24T13:35:14Z,29:48.45,13:66}";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(Read(std::string_view(whole).substr(0, i)), "malformed") << i;
  }
}

}  // namespace
}  // namespace gateway::ingest
