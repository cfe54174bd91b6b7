#include "gateway/ingest/senml.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gateway/model/limits.h"
#include "tests/support/prng.h"
#include "tests/support/vectors.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

constexpr DoorCode (SenmlReader::*kJson)(std::string_view,
                                         std::vector<SenmlRecord>&) = &SenmlReader::ReadJson;
constexpr DoorCode (SenmlReader::*kCbor)(std::string_view,
                                         std::vector<SenmlRecord>&) = &SenmlReader::ReadCbor;

std::string Print(const SenmlRecord& record) {
  std::string text(record.name);
  switch (record.kind) {
    case FieldKind::kNumber: text += "=" + std::string(record.value); break;
    case FieldKind::kText: text += "=\"" + std::string(record.value) + "\""; break;
    case FieldKind::kTrue: text += "=true"; break;
    case FieldKind::kFalse: text += "=false"; break;
    case FieldKind::kNull: text += "=null"; break;
  }
  if (!record.unit.empty()) text += " " + std::string(record.unit);
  if (!record.time.empty()) text += " @" + std::string(record.time);
  return text;
}

// The records, "; " between them, or the code that refused the pack.
std::string Read(std::string_view payload, decltype(kJson) form = kJson) {
  SenmlReader reader;
  std::vector<SenmlRecord> records{{}};
  // On the heap, exactly as large: a byte too many is seen by AddressSanitizer.
  const std::vector<char> exact(payload.begin(), payload.end());
  const DoorCode code = (reader.*form)({exact.data(), exact.size()}, records);
  if (code != DoorCode::kAdmitted) {
    EXPECT_TRUE(records.empty());
    return std::string(DoorCodeName(code));
  }
  std::string text;
  for (const SenmlRecord& record : records) text += (text.empty() ? "" : "; ") + Print(record);
  return text;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string ReadHex(std::string_view hex) { return Read(FromHex(hex), kCbor); }

// ---- The examples of the RFC. ----

std::filesystem::path Examples() {
  return testing::VectorPath("").parent_path().parent_path() / "data/payloads/senml_rfc8428";
}

std::string FileOf(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void ExpectResolved(const std::vector<SenmlRecord>& records, const nlohmann::json& want) {
  ASSERT_EQ(records.size(), want.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SenmlRecord& record = records[i];
    const nlohmann::json& resolved = want[i];
    EXPECT_EQ(record.name, resolved["n"].get<std::string>());
    EXPECT_EQ(record.unit, resolved.value("u", ""));
    // An unset or relative time was resolved when the example was made.
    if (!record.time.empty() && record.time != "0") {
      EXPECT_EQ(std::stod(std::string(record.time)), resolved["t"].get<double>());
    }
    if (resolved.contains("v")) {
      EXPECT_EQ(record.kind, FieldKind::kNumber);
      EXPECT_EQ(std::stod(std::string(record.value)), resolved["v"].get<double>());
    } else if (resolved.contains("vs")) {
      EXPECT_EQ(record.kind, FieldKind::kText);
      EXPECT_EQ(record.value, resolved["vs"].get<std::string>());
    } else {
      EXPECT_EQ(record.kind, resolved["vb"].get<bool>() ? FieldKind::kTrue : FieldKind::kFalse);
    }
  }
}

TEST(SenmlTest, EveryExampleOfTheRfcIsResolvedAsItSays) {
  if (!std::filesystem::exists(Examples())) GTEST_SKIP() << "no shared data: senml_rfc8428";
  SenmlReader reader;
  std::vector<SenmlRecord> records;
  int compared = 0, read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Examples())) {
    const std::string file = entry.path().filename();
    SCOPED_TRACE(file);
    const std::string payload = FileOf(entry.path());
    DoorCode code = DoorCode::kMalformed;
    if (file.ends_with(".json")) {
      code = reader.ReadJson(payload, records);
    } else if (file.ends_with(".cbor")) {
      code = reader.ReadCbor(payload, records);
    } else {
      continue;
    }
    ASSERT_EQ(code, DoorCode::kAdmitted);
    ++read;
    const std::filesystem::path resolved =
        Examples() / (file.substr(0, file.find('.')) + ".gen.resolved.json");
    if (!std::filesystem::exists(resolved)) continue;
    ExpectResolved(records, nlohmann::json::parse(FileOf(resolved)));
    ++compared;
  }
  EXPECT_EQ(read, 48);
  EXPECT_EQ(compared, 46);
}

TEST(SenmlTest, SumsWithTheBaseTimeAreExact) {
  EXPECT_EQ(Read(R"([{"bn":"urn:dev:ow:10e2073a0108006:","bt":1276020076.001,"bu":"A","bver":5,
                      "n":"voltage","u":"V","v":120.1},
                     {"n":"current","t":-5,"v":1.30},
                     {"n":"current","t":0,"v":0.14e1}])"),
            "urn:dev:ow:10e2073a0108006:voltage=120.1 V @1276020076.001; "
            "urn:dev:ow:10e2073a0108006:current=1.30 A @1276020071.001; "
            "urn:dev:ow:10e2073a0108006:current=0.14e1 A @1276020076.001");
}

TEST(SenmlTest, OneRecordOfCbor) {
  EXPECT_EQ(ReadHex("81a321781b75726e3a6465763a6f773a31306532303733613031303830303633016343656c02fb"
                    "403719999999999a"),
            "urn:dev:ow:10e2073a01080063=23.1 Cel");
}

// ---- What the RFC says, sentence by sentence. ----

TEST(SenmlTest, BaseFieldsHoldUntilTheyAreSetAgain) {
  EXPECT_EQ(Read(R"([{"bn":"a:","bu":"W","bv":100.5,"bt":1e9,"n":"x","v":0.25},
                     {"n":"y","u":"V","v":-0.5,"t":0.125},
                     {"bn":"b:","bu":"A","bv":0,"bt":2e9,"n":"x","v":1},
                     {"n":"s","vs":"on"},{"n":"b","vb":true}])"),
            "a:x=100.75 W @1000000000; a:y=100 V @1000000000.125; b:x=1 A @2000000000; "
            "b:s=\"on\" A @2000000000; b:b=true A @2000000000");
}

TEST(SenmlTest, ARecordMayHaveBaseFieldsAlone) {
  EXPECT_EQ(Read(R"([{"bn":"a:"},{"n":"x","v":1},{"bt":1e9,"bs":5},{"n":"y","v":1}])"),
            "a:x=1; a:y=1 @1000000000");
  EXPECT_EQ(Read(R"([{"bn":"a:","t":5},{"n":"x","v":1}])"), "malformed");
  EXPECT_EQ(Read(R"([{"bn":"a:","x":5}])"), "");
}

TEST(SenmlTest, TimesThatAreSmallOrNotThereAreLeftAsTheyAre) {
  EXPECT_EQ(Read(R"([{"n":"a","v":1},{"n":"b","v":1,"t":0},{"n":"c","v":1,"t":-10},
                     {"n":"d","v":1,"t":268435455.5}])"),
            "a=1; b=1 @0; c=1 @-10; d=1 @268435455.5");
}

TEST(SenmlTest, RecordsOfDataOrOfASumAloneAreLeftOut) {
  EXPECT_EQ(Read(R"([{"bn":"d:","n":"a","vd":"aGkgCg"},{"n":"b","s":12.5},{"n":"c","v":1,"s":2}])"),
            "d:c=1");
  EXPECT_EQ(Read(R"([{"bn":"d:","bs":5,"n":"a"},{"n":"b","v":1,"ut":60}])"), "d:b=1");
}

TEST(SenmlTest, AMissingValueIsNullAndSparesTheOthers) {
  EXPECT_EQ(Read(R"([{"n":"a","v":null},{"n":"b","v":2}])"), "a=null; b=2");
  EXPECT_EQ(ReadHex("82a200616102f97e00a200616202f6"), "a=null; b=null");
  EXPECT_EQ(Read(R"([{"n":"a","bv":1,"v":null}])"), "a=null");
}

TEST(SenmlTest, ANumberTooLongForASumIsAValueAndNoSum) {
  EXPECT_EQ(Read(R"([{"n":"a","v":1e300}])"), "a=1e300");
  EXPECT_EQ(Read(R"([{"n":"a","bv":1,"v":1e300}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","bv":1e30,"v":1e-30}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"bt":1e30,"t":1e-30}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"t":1e300}])"), "malformed");
}

TEST(SenmlTest, UnknownFieldsArePassedOverUnlessTheyMustBeUnderstood) {
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"x":{"y":[1,{"z":null}]},"_":[]}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"x":{"y":[1,{"z_":null}]},"N":2,"_y":3}])"), "a=1");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"must_":1}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"x":{"y":[1,}}])"), "malformed");
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"x":nul}])"), "malformed");
  // {0: "a", 2: 1, "x": [1, {2: 3}]}, then with "x_", with 9, with "n" by its name in JSON.
  EXPECT_EQ(ReadHex("81a3006161020161788201a10203"), "a=1");
  EXPECT_EQ(ReadHex("81a300616102016278" "5f8201a10203"), "malformed");
  EXPECT_EQ(ReadHex("81a3006161020109" "01"), "malformed");
  EXPECT_EQ(ReadHex("81a2616e6161" "0201"), "malformed");
}

TEST(SenmlTest, VersionsAbove10AreRefused) {
  EXPECT_EQ(Read(R"([{"n":"a","v":1,"bver":10}])"), "a=1");
  for (const char* bver : {"11", "0", "-5", "5.0", "1e1", "\"5\"", "99999999999", "null"}) {
    EXPECT_EQ(Read(std::string(R"([{"n":"a","v":1,"bver":)") + bver + "}]"), "malformed") << bver;
  }
}

TEST(SenmlTest, NamesHaveTheCharactersOfTheRfc) {
  EXPECT_EQ(Read(R"([{"bn":"urn:dev:mac:0024befffe804ff1/","n":"A-z_0.9:","v":1}])"),
            "urn:dev:mac:0024befffe804ff1/A-z_0.9:=1");
  for (const char* name : {"", "-a", ":a", "_a", "/a", ".a", "a b", "a\\u0000", "\\u00e9", "a+", "a#"}) {
    EXPECT_EQ(Read(std::string(R"([{"n":")") + name + R"(","v":1}])"), "malformed") << name;
  }
  EXPECT_EQ(Read(R"([{"v":1}])"), "malformed");
  const std::string longest(limits::kSenmlNameBytesMax, 'a');
  EXPECT_EQ(Read(R"([{"n":")" + longest + R"(","v":1}])"), longest + "=1");
  EXPECT_EQ(Read(R"([{"bn":"b","n":")" + longest + R"(","v":1}])"), "malformed");
}

TEST(SenmlTest, WhatIsNoPackIsMalformed) {
  for (const std::string_view payload :
       {"", "[", "[]", "{}", "null", "1", "[1]", "[[]]", "[null]", "[{}]", R"({"n":"a","v":1})",
        R"([{"n":"a"}])", R"([{"n":"a","v":1,"vs":"x"}])", R"([{"n":"a","v":1,"vb":true}])",
        R"([{"n":"a","vs":"x","vd":"eA"}])", R"([{"n":"a","v":"1"}])", R"([{"n":"a","v":true}])",
        R"([{"n":"a","vb":1}])", R"([{"n":"a","vb":null}])", R"([{"n":"a","vs":1}])",
        R"([{"n":1,"v":1}])", R"([{"n":"a","v":1,"u":1}])", R"([{"n":"a","v":1,"t":"0"}])",
        R"([{"n":"a","v":1,"t":null}])", R"([{"n":"a","v":1,"s":"1"}])", R"([{"n":"a","v":[1]}])",
        R"([{"n":"a","v":{}}])", R"([{"n":"a","n":"a","v":1}])", R"([{"n":"a","v":1,"v":1}])",
        R"([{"n":"a","v":01}])", R"([{"n":"a","v":+1}])", R"([{"n":"a","v":.5}])",
        R"([{"n":"a","v":nan}])", R"([{"n":"a","v":1}],)", R"([{"n":"a","v":1}]])",
        R"([{"n":"a","v":1}]{})", R"([{"n":"a","v":1},])", R"([{"n":"a","v":1,}])",
        R"([{"n":"a","v":1})", R"([{"n":"a","v":1]])", R"([{"n":"a" "v":1}])"}) {
    EXPECT_EQ(Read(payload), "malformed") << payload;
  }
  for (const std::string_view hex :
       {"", "80", "a0", "8100", "8180", "81a0", "9fff", "81a1006161", "81a2006161020100",
        "81a20061610261" "31", "81a200616104" "01", "81a200616103" "01", "81a20061610a" "01",
        "81a3006161006161" "0201", "81a30061610201" "0201", "81a200416102" "01", "81a20061610681" "01",
        "81a30061610201" "06f97e00", "81a20061610841" "01" "00", "81a200616108" "6161",
        "81a30061610201" "200b", "81a2006161" "02c2" "4101", "81a20061ff0201", "81a2f60102" "01",
        "83a20061610201"}) {
    EXPECT_EQ(ReadHex(hex), "malformed") << hex;
  }
}

TEST(SenmlTest, CborMayHaveIndefiniteLengthsAndDecimalFractions) {
  // [_ {_ -2: (_ "d", ":"), 0: (_ "a", "b"), 2: 4([-2, 2150]), 6: -5, 8 is not there}]
  EXPECT_EQ(ReadHex("9fbf217f6164613aff007f61616162ff02c48221190866" "0624ffff"), "d:ab=2150e-2 @-5");
  // Data is bytes: checked and left out.
  EXPECT_EQ(ReadHex("82a20061610841ff" "a20061620201"), "b=1");
  // In chunks, name, unit and string of one record stay apart.
  EXPECT_EQ(ReadHex("81bf007f6161ff017f6156ff037f626f6eff" "ff"), "a=\"on\" V");
}

// ---- Bounds. ----

TEST(SenmlTest, RecordsAndBytesAreBounded) {
  std::string json = "[";
  std::string cbor = "\x9f";
  for (std::size_t i = 0; i < limits::kObservationsPerMessageMax; ++i) {
    json += std::string(i == 0 ? "" : ",") + R"({"n":"a","v":1})";
    cbor += FromHex("a20061610201");
  }
  EXPECT_NE(Read(json + "]"), "oversized");
  EXPECT_NE(Read(cbor + "\xff", kCbor), "oversized");
  EXPECT_EQ(Read(json + R"(,{"n":"a","v":1}])"), "oversized");
  EXPECT_EQ(Read(cbor + FromHex("a20061610201ff"), kCbor), "oversized");
  const std::string large(limits::kPayloadBytesMax + 1, ' ');
  EXPECT_EQ(Read(large), "oversized");
  EXPECT_EQ(Read(large, kCbor), "oversized");
}

TEST(SenmlTest, TheLargestPackFits) {
  // Long names and numbers in every record, and what is left of the payload in strings.
  std::string json = R"([{"bn":")" + std::string(200, 'b') + R"(","bt":1.00000000000000000000000000001e30,)" +
                     R"("bv":1e30,"n":"a","v":9e29})";
  for (std::size_t i = 1; i < limits::kObservationsPerMessageMax; ++i) {
    json += R"(,{"n":")" + std::string(56, 'n') + R"(","v":9e29,"u":")" + std::string(100, 'u') + R"("})";
  }
  json.insert(json.size() - 1, R"(,"bu":")" + std::string(65'000 - json.size(), 'x') + "\"");
  EXPECT_NE(Read(json + "]").find("@1000000000000000000000000000010"), std::string::npos);
}

TEST(SenmlTest, DepthIsBounded) {
  const auto json = [](std::size_t depth) {
    return R"([{"n":"a","v":1,"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}]";
  };
  EXPECT_EQ(Read(json(10)), "a=1");
  EXPECT_EQ(Read(json(20)), "malformed");
  EXPECT_EQ(Read(json(30'000)), "malformed");
  const auto cbor = [](std::size_t depth) {
    return FromHex("81a300616102016178") + std::string(depth, '\x81') + '\0';
  };
  EXPECT_EQ(Read(cbor(14), kCbor), "a=1");
  EXPECT_EQ(Read(cbor(15), kCbor), "malformed");
  EXPECT_EQ(Read(cbor(60'000), kCbor), "malformed");
}

TEST(SenmlTest, EveryTruncationIsMalformed) {
  const std::string json = R"([{"bn":"d:","n":"a","v":1,"x":[1,"y"]},{"n":"b","vs":"on"}])";
  for (std::size_t i = 0; i < json.size(); ++i) EXPECT_EQ(Read(json.substr(0, i)), "malformed") << i;
  const std::string cbor = FromHex("9fa32162643a006161c4822119086602bf0061620363" "6f6e6effff");
  for (std::size_t i = 0; i < cbor.size(); ++i) {
    EXPECT_EQ(Read(cbor.substr(0, i), kCbor), "malformed") << i;
  }
}

TEST(SenmlTest, AReaderIsGoodForTheNextPackWhateverTheLastWas) {
  SenmlReader reader;
  std::vector<SenmlRecord> records;
  EXPECT_EQ(reader.ReadJson(R"([{"bn":"x:","bt":5,"bu":"W","bv":9,"bs":1,"n":"a","v":1},{"n":)", records),
            DoorCode::kMalformed);
  EXPECT_EQ(reader.ReadJson(R"([{"n":"a","v":1}])", records), DoorCode::kAdmitted);
  EXPECT_EQ(Print(records.at(0)), "a=1");
  EXPECT_EQ(reader.ReadJson(R"([{"n":"a"}])", records), DoorCode::kMalformed);  // bs is forgotten
}

TEST(SenmlTest, DamagedPacksEndInRecordsOrACode) {
  testing::Prng prng(3);
  const std::string json = R"([{"bn":"d:","bt":1e9,"n":"a","u":"W","v":1.5},{"n":"b","vb":true}])";
  const std::string cbor = FromHex("82a42162643a221a3b9aca00006161" "02fb3ff8000000000000a200616204f5");
  for (int i = 0; i < 20'000; ++i) {
    for (const auto& [whole, form] : {std::pair(json, kJson), std::pair(cbor, kCbor)}) {
      std::string damaged = whole;
      for (int n = 0; n < 3; ++n) {
        damaged[prng.Below(damaged.size())] = static_cast<char>(prng.Between(0, 255));
      }
      EXPECT_FALSE(Read(damaged, form).empty() && form == kJson && damaged == whole);
    }
  }
}

}  // namespace
}  // namespace gateway::ingest
