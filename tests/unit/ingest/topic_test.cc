#include "gateway/ingest/topic.h"

#include <gtest/gtest.h>

#include "gateway/ingest/topic_index.h"
#include "ingest_fixture.h"

namespace gateway::ingest {
namespace {

using Strings = std::vector<std::string>;

TopicTemplate Template(std::string_view text) {
  StatusOr<TopicTemplate> parsed = TopicTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  GW_CHECK(parsed.ok());
  return *std::move(parsed);
}

std::optional<Captures> Match(std::string_view text, std::string_view topic) {
  const std::optional<TopicLevels> levels = TopicLevels::Split(topic);
  Captures captures;
  if (!levels || !Template(text).Match(*levels, captures)) return std::nullopt;
  return captures;
}

TEST(TopicTest, MatchFindsDeviceMetricAndPart) {
  struct Case {
    std::string pattern, topic, device, metric, part;
  };
  const Case cases[] = {
      {"sensors/{device}/{metric}", "sensors/meter-1/load", "meter-1", "load", ""},
      {"sensors/{device}/{metric}", "sensors/ /x y", " ", "x y", ""},
      {"sensors/{device}/{metric}", "sensors/Zähler/$", "Zähler", "$", ""},
      {"{metric}/of/{device}", "load/of/m", "m", "load", ""},
      {"shellies/shellyem3-{device}/emeter/{part}/power", "shellies/shellyem3-48/emeter/0/power",
       "48", "", "0"},
      {"{device}/status/switch:{part}", "plug/status/switch:12", "plug", "", "12"},
      {"v3/{any}/devices/{device}/up", "v3/app@tenant/devices/dev1/up", "dev1", "", ""},
      {"{device...}/events/rpc", "plug/events/rpc", "plug", "", ""},
      {"{device...}/events/rpc", "a/b/c/plug/events/rpc", "a/b/c/plug", "", ""},
      {"z/{device...}", "z/kitchen/lamp", "kitchen/lamp", "", ""},
      {"z/{device...}/{metric}", "z/kitchen/lamp/power", "kitchen/lamp", "power", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.pattern + " on " + c.topic);
    const std::optional<Captures> captures = Match(c.pattern, c.topic);
    ASSERT_TRUE(captures);
    EXPECT_EQ(captures->device, c.device);
    EXPECT_EQ(captures->metric, c.metric);
    EXPECT_EQ(captures->part, c.part);
  }
}

TEST(TopicTest, MatchRefusesEverythingElse) {
  const std::string long_level(limits::kTopicBytesMax, 'd');
  for (const std::string& topic :
       {std::string(), std::string("/"), std::string("sensors"), std::string("sensors/"),
        std::string("sensors/d"), std::string("sensors/d/"), std::string("sensors//m"),
        std::string("sensors//"), std::string("sensors/d/m/"), std::string("sensors/d/m/x"),
        std::string("/sensors/d/m"), std::string("Sensors/d/m"), std::string("sensorsx/d/m"),
        std::string("sensors/+/m"), std::string("sensors/d/#"), std::string("sensors/d+/m"),
        std::string("sensors/d\0/m", 12), "sensors/" + long_level + "/m"}) {
    EXPECT_FALSE(Match("sensors/{device}/{metric}", topic)) << topic;
  }
  EXPECT_FALSE(Match("{any}/{device}", "$SYS/broker"));
  EXPECT_FALSE(Match("switch:{device}", "switch:"));
  EXPECT_FALSE(Match("{device...}/rpc", "a/b/c/d/e/rpc"));  // more than kDeviceLevelsMax
  EXPECT_FALSE(Match("{device...}/rpc", "rpc"));
}

TEST(TopicTest, TopicsUpToTheLimitsAreSplit) {
  EXPECT_TRUE(TopicLevels::Split(std::string(limits::kTopicBytesMax, 'd')));
  EXPECT_FALSE(TopicLevels::Split(std::string(limits::kTopicBytesMax + 1, 'd')));
  std::string deep = "a";
  for (std::size_t i = 1; i < limits::kTopicLevelsMax; ++i) deep += "/a";
  EXPECT_EQ(TopicLevels::Split(deep)->size(), limits::kTopicLevelsMax);
  EXPECT_FALSE(TopicLevels::Split(deep + "/a"));
}

TEST(TopicTest, ParseRefusesTemplatesThatAreAmbiguousOrNone) {
  for (const char* text :
       {"", "/", "a//b", "a/", "a/+/b", "a/#", "$SYS/{device}", "a/{devices}", "a/{device", "a/device}",
        "a/{}", "{device}/{device}", "{device}{part}", "{device...}/{device}", "{device...}/x/{any...}",
        "x{device...}", "{part...}", "{device}-{device}"}) {
    EXPECT_EQ(TopicTemplate::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(TopicTest, FiltersCoverTheTemplateWithoutTheWholeBroker) {
  EXPECT_EQ(Template("sensors/{device}/{metric}").Filters(), Strings{"sensors/+/+"});
  EXPECT_EQ(Template("shellies/em-{device}/emeter/{part}/power").Filters(),
            Strings{"shellies/+/emeter/+/power"});
  EXPECT_EQ(Template("{device...}/events/rpc").Filters(),
            (Strings{"+/events/rpc", "+/+/events/rpc", "+/+/+/events/rpc", "+/+/+/+/events/rpc"}));
  EXPECT_EQ(Template("bridge/{any...}").Filters(), Strings());
}

TEST(TopicTest, AFilterThatAnotherCoversIsLeftOut) {
  EXPECT_EQ(WithoutCovered({"a/+/c", "a/b/c", "a/+/c", "a/+", "x"}),
            (Strings{"a/+", "a/+/c", "x"}));
}

class TopicIndexTest : public testing::Test {
 protected:
  // `topics`: one for each message; an ignored one ends in " ignore".
  void Add(const std::string& id, const Strings& topics) {
    std::string text = "schema: commons-profile/1\nid: " + id + "\nabout: a test\nmessages:\n";
    for (const std::string& topic : topics) {
      const std::size_t ignore = topic.find(" ignore");
      text += "  - {topic: \"" + topic.substr(0, ignore) + "\", " +
              (ignore == std::string::npos ? "format: number, readings: [{metric: load}]}\n"
                                           : "ignore: true}\n");
    }
    profiles_.push_back(std::make_unique<Profile>(ParseProfile(text)));
    index_.Add(*profiles_.back());
  }
  // "profile topic", the best first.
  Strings Find(std::string_view topic) {
    index_.Find(topic, found_);
    Strings texts;
    for (const TopicMatch& match : found_) {
      texts.push_back(match.profile->id() + " " + match.message->topic.text());
    }
    return texts;
  }

  std::vector<std::unique_ptr<Profile>> profiles_;
  TopicIndex index_;
  std::vector<TopicMatch> found_;
};

TEST_F(TopicIndexTest, TheMostSpecificTemplateComesFirst) {
  Add("d", {"{device...}"});
  Add("c", {"a/{device}/x"});
  Add("b", {"a/s-{device}/x"});
  Add("e", {"a/{device...}/x"});
  EXPECT_EQ(Find("a/s-1/x"),
            (Strings{"b a/s-{device}/x", "c a/{device}/x", "e a/{device...}/x", "d {device...}"}));
  EXPECT_EQ(found_[0].captures.device, "1");
  EXPECT_EQ(found_[1].captures.device, "s-1");
  EXPECT_EQ(found_[3].captures.device, "a/s-1/x");
  EXPECT_EQ(Find("a/b/c/x"), (Strings{"e a/{device...}/x", "d {device...}"}));
  EXPECT_EQ(Find("$SYS/x"), Strings());
}

TEST_F(TopicIndexTest, AnIgnoredTopicHidesWiderOnesOfItsProfileOnly) {
  Add("z", {"z/{device...}", "z/bridge/{any...} ignore", "z/{device...}/set ignore"});
  Add("w", {"z/{device...}"});
  EXPECT_EQ(Find("z/bridge/devices"), (Strings{"z z/bridge/{any...}", "w z/{device...}"}));
  EXPECT_EQ(Find("z/lamp/set"), (Strings{"z z/{device...}/set", "w z/{device...}"}));
  EXPECT_EQ(Find("z/lamp"), (Strings{"z z/{device...}", "w z/{device...}"}));
}

TEST_F(TopicIndexTest, PlaceholdersOfOneShapeShareALevelAndKeepTheirNames) {
  Add("a", {"x/{device}/{any}"});
  Add("b", {"x/{any}/{device}"});
  EXPECT_EQ(Find("x/1/2").size(), 2u);
  EXPECT_EQ(found_[0].captures.device, "1");
  EXPECT_EQ(found_[1].captures.device, "2");
}

// The trie against trying every template: the same matches for topics made of the same few words.
TEST_F(TopicIndexTest, FindsWhatTryingEachTemplateFinds) {
  const Strings templates = {"a/{device}/c", "a/{device...}", "{device}/b/c", "{device...}/c",
                             "a/b/{device}", "a-{device}/b",  "a/{device...}/c"};
  for (std::size_t i = 0; i < templates.size(); ++i) Add("p" + std::to_string(i), {templates[i]});
  const char* const words[] = {"a", "b", "c", "a-x"};
  for (int code = 0; code < 4 * 4 * 4 * 4 * 4; ++code) {
    std::string topic = words[code % 4];
    const int levels = 1 + code / 256;
    for (int i = 1, rest = code / 4; i < levels; ++i, rest /= 4) topic += std::string("/") + words[rest % 4];
    std::size_t expected = 0;
    for (const std::string& text : templates) expected += Match(text, topic) ? 1 : 0;
    EXPECT_EQ(Find(topic).size(), expected) << topic;
  }
}

}  // namespace
}  // namespace gateway::ingest
