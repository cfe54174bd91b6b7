#include "gateway/ingest/decoder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "gateway/ingest/converter.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

class DecoderTest : public testing::Test {
 protected:
  DecoderTest() {
    metric_.id = MetricId("load");
    metric_.unit = "Wh";
    metric_.resolution = *Decimal::Parse("1");
    metric_.lo = 0;
    metric_.hi = 25'000;
  }

  // Both steps, of a message with one observation.
  Converted Decode(std::string_view payload) {
    const Decoded& decoded =
        decoder_.Decode(profile_.messages()[0], {.device = "d", .metric = "load"}, {}, payload);
    if (decoded.code != DoorCode::kAdmitted) return {decoded.code, {}};
    EXPECT_EQ(decoded.observations.size(), 1u);
    return converter_.Convert(decoded.observations[0], metric_, context_);
  }
  DoorCode Code(std::string_view payload) { return Decode(payload).code; }
  // A payload that is good but for the text of its number.
  DoorCode CodeOfNumber(const std::string& number) {
    return Code(R"({"time":"2013-01-14T00:30:00Z","value":)" + number + "}");
  }

  Profile profile_ = ParseProfile(kGeneric);
  Metric metric_;
  TimeZone zone_ = TimeZone::Utc();
  ConvertContext context_{.now = *ParseTime("2013-01-14T01:00:00Z"), .zone = zone_};
  Decoder decoder_;
  Converter converter_;
};

// What a level or an index was, it was when it came; when an amount was used, nobody can guess.
TEST_F(DecoderTest, OnlyGaugesAndCountersMayBeStampedOnArrival) {
  for (const MetricKind kind : {MetricKind::kGauge, MetricKind::kCounter}) {
    metric_.kind = kind;
    for (const char* payload : {R"({"value": 21})", "21"}) {
      const Converted decoded = Decode(payload);
      ASSERT_EQ(decoded.code, DoorCode::kAdmitted) << payload;
      EXPECT_EQ(decoded.reading, (Reading{context_.now, 21, kQualityArrivalTime}));
    }
    const Converted stamped = Decode(R"({"value": 21, "time": "2013-01-14T00:30:00Z"})");
    EXPECT_EQ(stamped.reading, (Reading{*ParseTime("2013-01-14T00:30:00Z"), 21, kQualityNone}));
  }
  metric_.kind = MetricKind::kDelta;
  EXPECT_EQ(Code("21"), DoorCode::kNoTime);
}

TEST_F(DecoderTest, ReadsValueUnitAndTimeExactly) {
  struct Case {
    std::string payload;
    int64_t value;
    std::string time;
  };
  const Case cases[] = {
      {R"({"value": 0.509, "unit": "kWh", "time": "2013-01-14T00:30:00Z"})", 509,
       "2013-01-14T00:30:00Z"},
      {R"({"time":"2013-01-14T01:30:00+01:00","value":509})", 509, "2013-01-14T00:30:00Z"},
      {"\n {\"value\":\t5.09e2 ,\r\"time\":\"2013-01-14T00:30:00.25Z\"}\n ", 509,
       "2013-01-14T00:30:00.250Z"},
      {R"({"value":-0,"time":"2013-01-14T00:30:00Z"})", 0, "2013-01-14T00:30:00Z"},
      {R"({"value":25000.499,"time":"2013-01-14T00:30:00Z"})", 25'000, "2013-01-14T00:30:00Z"},
      {R"({"value":0.0005,"unit":"kWh","time":"2013-01-14T00:30:00Z"})", 1,
       "2013-01-14T00:30:00Z"},
      {R"({"value":0.00049,"unit":"kWh","time":"2013-01-14T00:30:00Z"})", 0,
       "2013-01-14T00:30:00Z"},
      // 0.5005 × 1000 is 500.49999999999994 in binary floating point.
      {R"({"value":0.5005,"unit":"kWh","time":"2013-01-14T00:30:00Z"})", 501,
       "2013-01-14T00:30:00Z"},
      {R"({"value":509000,"unit":"mWh","time":"2013-01-14T00:30:00Z"})", 509,
       "2013-01-14T00:30:00Z"},
      {R"({"v\u0061lue":7,"\u0074ime":"2013-01-14T00:30:00\u005a"})", 7, "2013-01-14T00:30:00Z"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.payload);
    const Converted decoded = Decode(c.payload);
    ASSERT_EQ(decoded.code, DoorCode::kAdmitted);
    EXPECT_EQ(decoded.reading.value, c.value);
    EXPECT_EQ(decoded.reading.time, *ParseTime(c.time));
  }
}

TEST_F(DecoderTest, UsesTheResolutionOfTheMetric) {
  metric_.resolution = *Decimal::Parse("0.25");
  const Converted decoded = Decode(R"({"value":1.125,"time":"2013-01-14T00:30:00Z"})");
  ASSERT_EQ(decoded.code, DoorCode::kAdmitted);
  EXPECT_EQ(decoded.reading.value, 5);  // 4.5 steps, half away from zero
}

TEST_F(DecoderTest, IgnoresUnknownFieldsThatAreWellFormed) {
  const std::string payload = R"({"rssi":-71,"flags":[true,false,null,[]],"":"","nested":{"value":)"
                              R"("not this","a":[{"b":"\ud83d\ude00"}]},"value":3,)"
                              R"("time":"2013-01-14T00:30:00Z","Value":"x"})";
  EXPECT_EQ(Decode(payload).reading.value, 3);
  EXPECT_EQ(Code(payload), DoorCode::kAdmitted);
}

TEST_F(DecoderTest, RefusesWhatIsNotOneObjectOrOneNumber) {
  const std::string nested(40, '[');
  const std::string payloads[] = {
      "x", "ON", "true", "\"5\"", "[5]", "[]", "{}", "{", "}", "5 5", "5,0", "5;",
      "0x10", "1.0e", "1.", ".5", "+5", "--5", "1e", "1e+", "1_000", "5\xC2\xA0", "\xEF\xBB\xBF"
      "5", std::string("5\0", 2), std::string("\0" "5", 2), "1e999", std::string(31, '9'),
      R"({"value"})", R"({"value":})", R"({"value":5)", R"({"value":5}})", R"({"value":5}x)",
      R"({"value":5}{"value":5})", R"({"value":5},)", R"({"value":5,})", R"({,"value":5})",
      R"({"value":5 "time":"2013-01-14T00:30:00Z"})", R"({"value" 5})", R"({'value':5})",
      R"({value:5})", R"({"value":"5"})", R"({"value":true})",
      R"({"value":[5]})", R"({"value":{}})", R"({"value":5,"value":5})",
      R"({"value":5,"v\u0061lue":5})", R"({"unit":"Wh"})", R"({"valu":5})",
      R"({"value":5,"unit":"Wh","unit":"Wh"})",
      R"({"value":5,"time":"2013-01-14T00:30:00Z","time":"2013-01-14T00:30:00Z"})",
      R"({"value":5,"x":tru})", R"({"value":5,"x":nul})", R"({"value":5,"x":[1,]})",
      R"({"value":5,"x":[1 2]})", R"({"value":5,"x":{"a"}})", R"({"value":5,"x":01})",
      R"({"value":5,"x":"\q"})", "{\"value\":5,\"x\":\"\xFF\"}", "{\"value\":5,\"x\":\"\n\"}",
      R"({"value":5,"x":"\ud800"})", R"({"value":5} // five)",
      R"({"value":nanx})", R"({"value":Infinit})", R"({"value":--inf})", R"({"value":"5 W"})",
      R"({"value":5,"x":)" + nested + std::string(40, ']') + "}",
      R"({"value":5,"x":)" + nested,
  };
  for (const std::string& payload : payloads) {
    EXPECT_EQ(Code(payload), DoorCode::kMalformed) << payload;
  }
}

TEST_F(DecoderTest, JsonNumbersFollowTheGrammarOfJson) {
  for (const char* number : {"007", "-01", "00", "1.", ".5", "+1", "1e", "1e+", "0x1", "1.e1", "-",
                             "- 1", "1 2", "1a", "1e1.5", "1.2.3"}) {
    EXPECT_EQ(CodeOfNumber(number), DoorCode::kMalformed) << number;
  }
  for (const char* number : {"0", "-0.0", "0.5", "1E2", "1e+2", "1e-2", "10"}) {
    EXPECT_EQ(CodeOfNumber(number), DoorCode::kAdmitted) << number;
  }
}

TEST_F(DecoderTest, BareNumbersMayHaveLeadingZerosAndBlanksAround) {
  for (const char* payload : {"5", " 5\n", "007", "5.0", "5e0", "-0"}) {
    // A delta reading without a time is the last thing that can be wrong with these.
    EXPECT_EQ(Code(payload), DoorCode::kNoTime) << payload;
  }
}

TEST_F(DecoderTest, WhatMeansNoNumberHasItsOwnCode) {
  for (const char* payload :
       {"nan", "NaN", "NAN", "-nan", "inf", "-inf", "+inf", "INF", "Infinity", "-Infinity", " nan\n",
        "", " ", "null", "unavailable", R"({"value":null})", R"({"value":""})", R"({"value":" "})",
        R"({"value":"nan"})", R"({"value":"unavailable"})", R"({"value":nan})",
        R"({"value":-inf,"x":1})", R"({"value":Infinity})"}) {
    EXPECT_EQ(Code(payload), DoorCode::kNotANumber) << payload;
  }
  for (const char* payload : {"nano", "in", "--inf", "infinit", "nan nan", "off"}) {
    EXPECT_EQ(Code(payload), DoorCode::kMalformed) << payload;
  }
}

TEST_F(DecoderTest, RefusesUnitsThatDoNotMeasureTheMetric) {
  for (const char* unit : {"", "l", "W", "wh", "KWH", "kWh ", "Wh\\u0000", "°C"}) {
    EXPECT_EQ(Code(std::string(R"({"value":1,"unit":")") + unit + "\"}"), DoorCode::kUnknownUnit)
        << unit;
  }
}

TEST_F(DecoderTest, TheSameUnitNeedsNoTable) {
  metric_.unit = "counts";
  EXPECT_EQ(Code(R"({"value":1,"unit":"counts","time":"2013-01-14T00:30:00Z"})"),
            DoorCode::kAdmitted);
  EXPECT_EQ(Code(R"({"value":1,"unit":"Wh","time":"2013-01-14T00:30:00Z"})"),
            DoorCode::kUnknownUnit);
}

TEST_F(DecoderTest, FactorsAreKeptPerUnitOfTheMetric) {
  const std::string payload = R"({"value":2,"unit":"kWh","time":"2013-01-14T00:30:00Z"})";
  EXPECT_EQ(Decode(payload).reading.value, 2'000);
  EXPECT_EQ(Decode(payload).reading.value, 2'000);
  metric_.unit = "kWh";
  EXPECT_EQ(Decode(payload).reading.value, 2);
  metric_.unit = "mWh";
  metric_.hi = 10'000'000;
  EXPECT_EQ(Decode(payload).reading.value, 2'000'000);
}

TEST_F(DecoderTest, TheRangeIsCheckedAfterRounding) {
  struct Case {
    std::string number;
    DoorCode want;
  };
  const Case cases[] = {
      {"25000", DoorCode::kAdmitted},         {"25000.49", DoorCode::kAdmitted},
      {"25000.5", DoorCode::kOutOfRange},     {"25001", DoorCode::kOutOfRange},
      {"-0.4", DoorCode::kAdmitted},          {"-0.5", DoorCode::kOutOfRange},
      {"-1", DoorCode::kOutOfRange},          {"9223372036854775807", DoorCode::kOutOfRange},
      {"9223372036854775808", DoorCode::kOutOfRange}, {"1e30", DoorCode::kOutOfRange},
      {"-1e30", DoorCode::kOutOfRange},       {"999999999999999999999999999999",
                                               DoorCode::kOutOfRange},
  };
  for (const Case& c : cases) EXPECT_EQ(CodeOfNumber(c.number), c.want) << c.number;
}

TEST_F(DecoderTest, RefusesTimesThatAreNone) {
  for (const char* time : {"now", "2013-01-14", "2013-01-14T00:30:00", "2013-02-30T00:30:00Z",
                           "1358123400", "2013-01-14T24:30:00Z"}) {
    EXPECT_EQ(Code(std::string(R"({"value":1,"time":")") + time + "\"}"), DoorCode::kBadTime)
        << time;
  }
}

TEST_F(DecoderTest, ADeltaReadingNeedsATimeOfItsOwn) {
  EXPECT_EQ(Code(R"({"value":1})"), DoorCode::kNoTime);
  EXPECT_EQ(Code("1"), DoorCode::kNoTime);
}

TEST_F(DecoderTest, StampsMayBeAheadByTheLimitAndNotMore) {
  const std::string edge = R"({"value":1,"time":"2013-01-14T01:05:00Z"})";
  const std::string beyond = R"({"value":1,"time":"2013-01-14T01:05:00.001Z"})";
  EXPECT_EQ(Code(edge), DoorCode::kAdmitted);
  EXPECT_EQ(Code(beyond), DoorCode::kFuture);
  context_.compare_stamps = false;
  EXPECT_EQ(Code(beyond), DoorCode::kAdmitted);
}

TEST_F(DecoderTest, TheFirstCheckThatFailsIsTheCode) {
  EXPECT_EQ(Code(std::string(limits::kPayloadBytesMax + 1, '{')), DoorCode::kOversized);
  EXPECT_EQ(Code(R"({"value":x,"unit":"l","time":"never"})"), DoorCode::kMalformed);
  EXPECT_EQ(Code(R"({"value":-5,"unit":"l","time":"never"})"), DoorCode::kUnknownUnit);
  EXPECT_EQ(Code(R"({"value":-5,"unit":"Wh","time":"never"})"), DoorCode::kOutOfRange);
  EXPECT_EQ(Code(R"({"value":5,"unit":"Wh","time":"never"})"), DoorCode::kBadTime);
}

TEST_F(DecoderTest, PayloadsUpToTheLimitAreRead) {
  std::string payload = R"({"value":1,"time":"2013-01-14T00:30:00Z"})";
  payload.append(limits::kPayloadBytesMax - payload.size(), ' ');
  EXPECT_EQ(Code(payload), DoorCode::kAdmitted);
  EXPECT_EQ(Code(payload + " "), DoorCode::kOversized);
  // Densest possible input for the parser's index.
  EXPECT_EQ(Code("{" + std::string(limits::kPayloadBytesMax - 1, '[')), DoorCode::kMalformed);
  std::string many = R"({"value":1,"time":"2013-01-14T00:30:00Z","x":[0)";
  const std::string few = many + "]}";
  while (many.size() + 4 < limits::kPayloadBytesMax) many += ",0";
  EXPECT_EQ(Code(many + "]}"), DoorCode::kOversized);
  EXPECT_EQ(Code(few), DoorCode::kAdmitted);
}

TEST_F(DecoderTest, NothingOfOneMessageReachesTheNext) {
  EXPECT_EQ(Code(R"({"value":1,"unit":"kWh","time":"2013-01-14T00:30:00Z"})"),
            DoorCode::kAdmitted);
  EXPECT_EQ(Code(R"({"value":1)"), DoorCode::kMalformed);
  EXPECT_EQ(Code(R"({"value":1})"), DoorCode::kNoTime);
  EXPECT_EQ(Decode(R"({"value":1,"time":"2013-01-14T00:30:00Z"})").reading.value, 1);
}

TEST_F(DecoderTest, AProfileReadsOnlyTheFormsItNames) {
  profile_ = OneMessage("topic: \"{device}/{metric}\", format: number, readings: [{metric: '{metric}'}]");
  EXPECT_EQ(Code(R"({"value":1,"time":"2013-01-14T00:30:00Z"})"), DoorCode::kMalformed);
  EXPECT_EQ(Code("1"), DoorCode::kNoTime);
  profile_ = OneMessage("topic: \"{device}/{metric}\", format: json, time: {at: t, form: iso}, "
                        "readings: [{metric: '{metric}', at: e}]");
  EXPECT_EQ(Code("1"), DoorCode::kMalformed);
  EXPECT_EQ(Code("nan"), DoorCode::kMalformed);
  // Without a path for the unit, "unit" is a field like any other.
  EXPECT_EQ(Code(R"({"e":1,"unit":7,"":7,"t":"2013-01-14T00:30:00Z"})"), DoorCode::kAdmitted);
}

// Every prefix and every single changed byte of a good payload: no crash (the sanitizer build runs
// this too), and never more than the two outcomes of a message.
TEST_F(DecoderTest, DamagedPayloadsAreReadOrRefused) {
  const std::string good =
      R"({"value":0.509,"unit":"kWh","x":[1,{"y":null}],"time":"2013-01-14T00:30:00Z"})";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(Code(good.substr(0, size)),
              size == 0 ? DoorCode::kNotANumber : DoorCode::kMalformed) << size;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(byte);
      const DoorCode code = Code(damaged);
      EXPECT_TRUE(code == DoorCode::kAdmitted || port::IsQuarantined(code));
    }
  }
}

struct Vector {
  std::string name;
  std::string text;
};

// The JSONTestSuite files whose names start with `prefix`; empty if the suite is not there.
std::vector<Vector> JsonTestSuite(std::string_view prefix) {
  const char* shared = std::getenv("COMMONS_SHARED");
  const std::filesystem::path root = shared ? shared : GATEWAY_SOURCE_DIR "/../shared";
  std::vector<Vector> vectors;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(
           root / "vectors/jsontestsuite/test_parsing", failure)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    vectors.push_back({name, {std::istreambuf_iterator<char>(file), {}}});
  }
  return vectors;
}

std::string AsIgnoredField(const std::string& text) {
  return R"({"value":1,"time":"2013-01-14T00:30:00Z","x":)" + text + "}";
}

TEST_F(DecoderTest, JsonTestSuiteInvalidFilesAreRefusedAsPayloadAndAsIgnoredField) {
  const std::vector<Vector> vectors = JsonTestSuite("n_");
  if (vectors.empty()) GTEST_SKIP() << "vectors/jsontestsuite is not in COMMONS_SHARED";
  EXPECT_GT(vectors.size(), 150u);
  const std::set<std::string> kPrintf = {"n_number_-NaN.json", "n_number_NaN.json",
                                         "n_number_+Inf.json", "n_number_Inf.json",
                                         "n_number_minus_infinity.json", "n_number_infinity.json"};
  for (const Vector& v : vectors) {
    const DoorCode payload = Code(v.text);
    EXPECT_TRUE(port::IsQuarantined(payload)) << v.name;
    EXPECT_NE(payload, DoorCode::kNoTime) << v.name;
    // The one exception that the reader makes: what a broken printf writes is a null.
    if (kPrintf.contains(v.name)) continue;
    EXPECT_TRUE(port::IsQuarantined(Code(AsIgnoredField(v.text)))) << v.name;
  }
}

TEST_F(DecoderTest, JsonTestSuiteValidFilesAreAllowedAsIgnoredField) {
  const std::vector<Vector> vectors = JsonTestSuite("y_");
  if (vectors.empty()) GTEST_SKIP() << "vectors/jsontestsuite is not in COMMONS_SHARED";
  EXPECT_GT(vectors.size(), 80u);
  for (const Vector& v : vectors) {
    // Standards allow an object to repeat a key; what its value then is, nobody says.
    const bool repeats = v.name.starts_with("y_object_duplicated_key");
    EXPECT_EQ(Code(AsIgnoredField(v.text)), repeats ? DoorCode::kMalformed : DoorCode::kAdmitted)
        << v.name;
  }
}

TEST_F(DecoderTest, JsonTestSuiteUndecidedFilesDoNoHarm) {
  const std::vector<Vector> vectors = JsonTestSuite("i_");
  if (vectors.empty()) GTEST_SKIP() << "vectors/jsontestsuite is not in COMMONS_SHARED";
  for (const Vector& v : vectors) {
    EXPECT_TRUE(port::IsQuarantined(Code(v.text))) << v.name;
    const DoorCode ignored = Code(AsIgnoredField(v.text));
    EXPECT_TRUE(ignored == DoorCode::kAdmitted || port::IsQuarantined(ignored)) << v.name;
  }
}

}  // namespace
}  // namespace gateway::ingest
