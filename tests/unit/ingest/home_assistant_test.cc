#include "gateway/ingest/home_assistant.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/ingest/profile.h"
#include "gateway/ingest/value_template.h"
#include "gateway/model/ids.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

// The text proposed for `claim`, which is a profile; "" if there is none.
std::string TextOf(const HomeAssistant& discovery, std::string_view claim) {
  const std::optional<port::Proposal> proposal = discovery.Propose(claim);
  if (!proposal) return "";
  EXPECT_EQ(proposal->claim, claim);
  EXPECT_FALSE(proposal->secret);
  EXPECT_TRUE(IsDocumentId(proposal->profile)) << proposal->profile;
  const StatusOr<Profile> profile = Profile::Parse(proposal->own_profile, "proposal");
  EXPECT_TRUE(profile.ok()) << profile.status() << proposal->own_profile;
  if (profile.ok()) {
    EXPECT_EQ(profile->id(), proposal->profile);
    EXPECT_EQ(profile->claim(), claim);
  }
  EXPECT_NE(proposal->own_profile.find("\nid: " + proposal->profile + "\n"), std::string::npos);
  return proposal->own_profile;
}

std::string Devices(const HomeAssistant& discovery) {
  std::string text;
  for (const HomeAssistant::Device& device : discovery.Devices()) {
    text += (text.empty() ? "" : "; ") + device.claim + ":";
    for (const std::string& metric : device.metrics) text += " " + metric;
    EXPECT_FALSE(device.topics.empty());
  }
  return text;
}

TEST(HomeAssistantTest, ADeviceIsListedWithEachOfItsTopicsOnce) {
  HomeAssistant discovery;
  const auto note = [&](std::string_view metric, std::string_view topic, std::string_view at) {
    discovery.Note(Format("homeassistant/sensor/d/%s/config", metric),
                   Format(R"({"dev_cla":"%s","unit_of_meas":"%s","stat_t":"%s",)"
                          R"("val_tpl":"{{ value_json.%s }}","dev":{"ids":"plug"}})",
                          metric, metric == "power" ? "W" : "V", topic, at));
  };
  note("power", "plugs/7", "p");
  note("voltage", "plugs/7", "u");
  ASSERT_EQ(discovery.Devices().size(), 1u);
  EXPECT_EQ(discovery.Devices()[0].topics, std::vector<std::string>{"plugs/7"});
  note("voltage", "mains/7", "u");
  EXPECT_EQ(discovery.Devices()[0].topics, (std::vector<std::string>{"mains/7", "plugs/7"}));
}

// Why one config of a device `d` was refused, or "".
std::string WhyNot(std::string_view json, std::string_view topic = "homeassistant/sensor/d/config") {
  HomeAssistant discovery;
  discovery.Note(topic, json);
  for (std::size_t i = 0; i < static_cast<std::size_t>(DiscoveryRefusal::kCount); ++i) {
    const auto reason = static_cast<DiscoveryRefusal>(i);
    if (discovery.refused(reason) > 0) {
      EXPECT_TRUE(discovery.Devices().empty());
      return std::string(DiscoveryRefusalName(reason));
    }
  }
  return "";
}

TEST(HomeAssistantTest, AnAbbreviatedConfigOfAMeterIsProposedAsAProfile) {
  HomeAssistant discovery;
  discovery.Note("homeassistant/sensor/power-lights-upstairs/upstairs_light_circuit_energy/config",
                 R"({"avty_t":"power-lights-upstairs/status","dev":{"cns":[["mac","18de50e14433"]],
                     "ids":"18de50e14433","name":"x"},"dev_cla":"energy",
                     "stat_cla":"total_increasing","unit_of_meas":"kWh","name":"Energy",
                     "stat_t":"power-lights-upstairs/sensor/upstairs_light_circuit_energy/state",
                     "uniq_id":"18de50e14433-sensor-96f75e13"})");
  EXPECT_EQ(TextOf(discovery, "18de50e14433"),
            "schema: commons-profile/1\n"
            "id: ha-18de50e14433\n"
            "about: One device, as it announced itself to Home Assistant\n"
            "claim: '18de50e14433'\n"
            "messages:\n"
            "  - topic: 'power-lights-upstairs/sensor/upstairs_light_circuit_energy/state'\n"
            "    format: number\n"
            "    readings:\n"
            "      - {metric: energy-index, unit: 'kWh'}\n");
}

TEST(HomeAssistantTest, ConfigsOfOneDeviceBecomeOneProfile) {
  HomeAssistant discovery;
  const std::string rest = R"("device":{"identifiers":["zigbee2mqtt_0x00158d"]},
                              "state_topic":"zigbee2mqtt/Küche","state_class":"measurement"})";
  discovery.Note("homeassistant/sensor/0x00158d/temperature/config",
                 R"({"device_class":"temperature","unit_of_measurement":"°C",
                     "value_template":"{{ value_json.temperature }}",)" + rest);
  discovery.Note("homeassistant/sensor/0x00158d/power/config",
                 R"({"device_class":"power","unit_of_measurement":"W",
                     "value_template":"{{ value_json['a.b'].power }}",)" + rest);
  discovery.Note("homeassistant/binary_sensor/0x00158d/occupancy/config",
                 R"({"device_class":"occupancy","payload_on":true,"payload_off":false,
                     "value_template":"{{ value_json.occupancy }}",)" + rest);
  EXPECT_EQ(Devices(discovery), "zigbee2mqtt_0x00158d: occupancy power temperature");
  const std::string text = TextOf(discovery, "zigbee2mqtt_0x00158d");
  EXPECT_NE(text.find("messages:\n"
                      "  - topic: 'zigbee2mqtt/Küche'\n"
                      "    format: json\n"
                      "    readings:\n"
                      "      - {metric: occupancy, at: 'occupancy', states: {'true': 1, 'false': 0}}\n"
                      "      - {metric: power, at: '''a.b''.power', unit: 'W'}\n"
                      "      - {metric: temperature, at: 'temperature', unit: '°C'}\n"),
            std::string::npos)
      << text;
}

TEST(HomeAssistantTest, EveryClassBecomesItsMetric) {
  const struct {
    std::string_view device_class, state_class, unit, metric;
  } cases[] = {{"energy", "total", "Wh", "energy-index"}, {"gas", "total_increasing", "m³", "gas-index"},
               {"power", "", "kW", "power"}, {"voltage", "measurement", "mV", "voltage"},
               {"current", "", "A", "current"}, {"temperature", "", "°F", "temperature"},
               {"humidity", "", "%", "humidity"}, {"pressure", "", "mbar", "pressure"},
               {"atmospheric_pressure", "", "hPa", "pressure"}, {"pm10", "", "µg/m³", "pm10"},
               {"pm25", "", "µg/m³", "pm2-5"}, {"carbon_dioxide", "", "ppm", "co2"},
               {"sound_pressure", "", "dBA", "noise"}, {"illuminance", "", "lx", "illuminance"},
               {"battery", "", "%", "battery"}};
  for (const auto& c : cases) {
    HomeAssistant discovery;
    discovery.Note("homeassistant/sensor/d/config",
                   Format(R"({"dev_cla":"%s","stat_cla":"%s","unit_of_meas":"%s","stat_t":"a/b"})",
                          c.device_class, c.state_class, c.unit));
    EXPECT_EQ(Devices(discovery), "d: " + std::string(c.metric)) << c.device_class;
  }
}

TEST(HomeAssistantTest, ADevicesOwnConfigHoldsItsComponents) {
  HomeAssistant discovery;
  const auto note = [&](std::string_view json) {
    discovery.Note("homeassistant/device/plug7/config", json);
  };
  note(R"({"dev":{"ids":"plug7"},"o":{"name":"firmware"},"state_topic":"plug7/state","cmps":{
            "a":{"p":"sensor","dev_cla":"power","unit_of_meas":"W","val_tpl":"{{value_json.p}}"},
            "b":{"p":"sensor","dev_cla":"voltage","unit_of_meas":"V","val_tpl":"{{value_json.v}}"},
            "c":{"p":"switch","command_topic":"plug7/set"},
            "gone":{"p":"sensor"}}})");
  EXPECT_EQ(Devices(discovery), "plug7: power voltage");
  EXPECT_NE(TextOf(discovery, "plug7").find("'plug7/state'"), std::string::npos);
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kComponent), 1u);
  note(R"({"dev":{"ids":"plug7"},"stat_t":"plug7/state","cmps":{
            "a":{"p":"sensor","dev_cla":"power","unit_of_meas":"W","val_tpl":"{{value_json.p}}"},
            "b":{"p":"sensor"}}})");
  EXPECT_EQ(Devices(discovery), "plug7: power");
  note("");
  EXPECT_EQ(Devices(discovery), "");
  EXPECT_EQ(TextOf(discovery, "plug7"), "");
}

TEST(HomeAssistantTest, ANewConfigTakesThePlaceOfTheOldOne) {
  HomeAssistant discovery;
  const std::string topic = "homeassistant/sensor/d/x/config";
  discovery.Note(topic, R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a/b"})");
  discovery.Note(topic, R"({"dev_cla":"voltage","unit_of_meas":"V","stat_t":"a/c"})");
  EXPECT_EQ(Devices(discovery), "d: voltage");
  discovery.Note(topic, R"({"dev_cla":"voltage","unit_of_meas":"parsec","stat_t":"a/c"})");
  EXPECT_EQ(Devices(discovery), "");
}

TEST(HomeAssistantTest, WhatADeviceIsCalledHasPlainLettersOnly) {
  const auto claim = [](std::string_view device, std::string_view topic) {
    HomeAssistant discovery;
    discovery.Note(topic, Format(R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a/b"%s})", device));
    EXPECT_EQ(discovery.Devices().size(), 1u);
    const std::string found = discovery.Devices().empty() ? "" : discovery.Devices()[0].claim;
    return found + " " + (discovery.Propose(found) ? discovery.Propose(found)->profile : "");
  };
  constexpr std::string_view topic = "homeassistant/sensor/Node_1/power/config";
  EXPECT_EQ(claim(R"(,"dev":{"ids":["plug-7","other"]})", topic), "plug-7 ha-plug-7");
  EXPECT_EQ(claim(R"(,"dev":{"ids":"A4:C1 '\n\u00e9"})", topic), "A4-C1----- ha--4--1------cedfb2f2");
  EXPECT_EQ(claim(R"(,"dev":{"ids":1234})", topic), "1234 ha-1234");
  EXPECT_EQ(claim(R"(,"dev":{"cns":[["mac","02:5a"]]})", topic), "02-5a ha-02-5a");
  EXPECT_EQ(claim(R"(,"dev":{"ids":[null]})", topic), "Node_1 ha--ode-1-d43173c5");
  EXPECT_EQ(claim("", "homeassistant/sensor/power/config"), "power ha-power");
  EXPECT_EQ(claim(R"(,"dev":{"ids":")" + std::string(300, 'a') + R"("})", topic),
            std::string(64, 'a') + " ha-" + std::string(36, 'a') + "-d96f0f85");
}

TEST(HomeAssistantTest, TheBaseTopicIsPutIn) {
  const auto topic_of = [](std::string_view base, std::string_view state) {
    HomeAssistant discovery;
    discovery.Note("homeassistant/sensor/d/config",
                   Format(R"({"~":"%s","dev_cla":"power","unit_of_meas":"W","stat_t":"%s"})", base, state));
    const std::string text = TextOf(discovery, "d");
    const std::size_t at = text.find("topic: '");
    return at == std::string::npos ? "" : text.substr(at + 8, text.find('\'', at + 8) - at - 8);
  };
  EXPECT_EQ(topic_of("home/plug", "~/state"), "home/plug/state");
  EXPECT_EQ(topic_of("plug", "home/~"), "home/plug");
  EXPECT_EQ(topic_of("home/plug", "a/~/b"), "a/~/b");
  EXPECT_EQ(topic_of("", "a/b"), "a/b");
  EXPECT_EQ(topic_of("$SYS", "~/state"), "");
  EXPECT_EQ(topic_of("home/+", "~/state"), "");
}

TEST(HomeAssistantTest, TwoReadingsOfOneMetricAreNotOneDevice) {
  HomeAssistant discovery;
  discovery.Note("homeassistant/sensor/d/one/config", R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a"})");
  discovery.Note("homeassistant/sensor/d/two/config", R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"b"})");
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kTwice), 1u);
  EXPECT_NE(TextOf(discovery, "d").find("topic: 'a'"), std::string::npos);
  EXPECT_EQ(TextOf(discovery, "d").find("topic: 'b'"), std::string::npos);
  discovery.Note("homeassistant/sensor/d/three/config",
                 R"({"dev_cla":"voltage","unit_of_meas":"V","stat_t":"a","val_tpl":"{{value_json.v}}"})");
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kMixed), 1u);
  discovery.Note("homeassistant/sensor/d/four/config", R"({"dev_cla":"voltage","unit_of_meas":"V","stat_t":"a"})");
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kMixed), 2u);
  EXPECT_EQ(Devices(discovery), "d: power");
}

TEST(HomeAssistantTest, TemplatesThatAreMoreThanAPathAreRefused) {
  const auto why = [](std::string_view value_template) {
    return WhyNot(Format(R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a","val_tpl":"%s"})",
                         value_template));
  };
  for (const std::string_view good : {"", "{{value}}", "{{ value_json.a }}", "{{ value_json['a'] }}"}) {
    EXPECT_EQ(why(good), "") << good;
  }
  for (const std::string_view bad :
       {"{{ value_json.a | float }}", "{{ value_json.a * 2 }}", "{{ value_json.a }}{{ value_json.b }}",
        "{{ states('sensor.x') }}", "{% if value_json.a %}1{% endif %}", "{{ value_json }}",
        "{{ value_json. }}", "{{ value_json.a-b }}", "{{ value_json[0] }}", "{{ value_json.a[0] }}",
        "{{ value_json[a] }}", "{{ value_json['a }}", "{{ value_json['a'}}", "{{ value_json.1 }}",
        "{{ value_json.a.get('b') }}", "{{ value_json.a", "value_json.a", "{{ value_jsona }}",
        "{{- value_json.a -}}", "{{ value_json['a\\\"] }}", "{{ value_json['{device}'] }}",
        "{{ value_json['a\\n'] }}", "{{ value_json['a\\\\'] }}", "{{ value.a }}", "1"}) {
    EXPECT_EQ(why(bad), "template") << bad;
  }
}

TEST(ValueTemplateTest, PathsAreWrittenAsProfilesReadThem) {
  EXPECT_EQ(PathOfTemplate("{{ value_json.ENERGY.Power }}"), "ENERGY.Power");
  EXPECT_EQ(PathOfTemplate(R"({{value_json['switch:0']["a b"].c}})"), "switch:0.a b.c");
  EXPECT_EQ(PathOfTemplate("{{ value_json['a.b']['[c]'] }}"), "'a.b'.'[c]'");
  EXPECT_EQ(PathOfTemplate("{{ value }}"), "");
  std::string deep = "{{ value_json";
  for (std::size_t i = 0; i < kFieldDepthMax; ++i) deep += ".a";
  EXPECT_TRUE(PathOfTemplate(deep + " }}"));
  EXPECT_FALSE(PathOfTemplate(deep + ".a }}"));
  EXPECT_TRUE(PathOfTemplate("{{ value_json." + std::string(kTemplatePathBytesMax, 'a') + " }}"));
  EXPECT_FALSE(PathOfTemplate("{{ value_json." + std::string(kTemplatePathBytesMax + 1, 'a') + " }}"));
}

TEST(HomeAssistantTest, EverythingElseIsRefusedWithItsReason) {
  const struct {
    std::string_view json, reason;
  } cases[] = {
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a/#"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a/+/b"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"$SYS/x"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a/{device}"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a\u0000b"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a\nb"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a\u200bb"})", "text"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a","val_tpl":"{{value_json['\u2028']}}"})",
       "text"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a//b"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"/a"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W","stat_t":""})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"W"})", "state-topic"},
      {R"({"dev_cla":"power","unit_of_meas":"VA","stat_t":"a"})", "unit"},
      {R"({"dev_cla":"power","stat_t":"a"})", "unit"},
      {R"({"dev_cla":"power","stat_cla":"total","unit_of_meas":"W","stat_t":"a"})", "class"},
      {R"({"dev_cla":"energy","unit_of_meas":"kWh","stat_t":"a"})", "class"},
      {R"({"dev_cla":"energy","stat_cla":"measurement","unit_of_meas":"kWh","stat_t":"a"})", "class"},
      {R"({"dev_cla":"apparent_power","unit_of_meas":"VA","stat_t":"a"})", "class"},
      {R"({"stat_t":"a"})", "class"},
      {R"({"dev_cla":5,"unit_of_meas":"W","stat_t":"a"})", "malformed"},
      {R"({"dev_cla":"power","unit_of_meas":true,"stat_t":"a"})", "malformed"},
      {"{}", "class"},
      {"[]", "malformed"},
      {"null", "malformed"},
      {"{", "malformed"},
      {R"({"dev_cla":"power","dev_cla":"power"})", "malformed"},
  };
  for (const auto& c : cases) EXPECT_EQ(WhyNot(c.json), c.reason) << c.json;
  EXPECT_EQ(WhyNot(Format(R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"%s"})",
                          std::string(257, 'a'))), "state-topic");
  constexpr std::string_view good = R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a"})";
  EXPECT_EQ(WhyNot(good), "");
  EXPECT_EQ(WhyNot(good, "homeassistant/switch/d/config"), "component");
  EXPECT_EQ(WhyNot(good, "homeassistant/binary_sensor/d/config"), "class");
  EXPECT_EQ(WhyNot(good, "homeassistant/device/d/config"), "malformed");
  for (const std::string_view topic :
       {"homeassistant/config", "homeassistant/sensor/config", "other/sensor/d/config",
        "homeassistant/sensor/d/state", "homeassistant/sensor/a/b/c/config",
        "homeassistant/sensor//config", "homeassistant/sensor/a b/config",
        "homeassistant/sensor/+/config", "homeassistant/sensor/d/config/"}) {
    EXPECT_EQ(WhyNot(good, topic), "topic") << topic;
  }
  constexpr std::string_view binary = "homeassistant/binary_sensor/d/config";
  EXPECT_EQ(WhyNot(R"({"dev_cla":"motion","stat_t":"a"})", binary), "");
  EXPECT_EQ(WhyNot(R"({"dev_cla":"motion","stat_t":"a","pl_on":"x","pl_off":"x"})", binary), "states");
  EXPECT_EQ(WhyNot(R"({"dev_cla":"motion","stat_t":"a","pl_on":""})", binary), "states");
  EXPECT_EQ(WhyNot(R"({"dev_cla":"door","stat_t":"a"})", binary), "class");
}

TEST(HomeAssistantTest, IsBounded) {
  HomeAssistant discovery;
  const auto note = [&](std::size_t i) {
    discovery.Note(Format("homeassistant/sensor/d%d/config", i),
                   R"({"dev_cla":"power","unit_of_meas":"W","stat_t":"a"})");
  };
  for (std::size_t i = 0; i < limits::kAnnouncedMax; ++i) note(i);
  EXPECT_EQ(discovery.Devices().size(), limits::kAnnouncedMax);
  note(limits::kAnnouncedMax);
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kFull), 1u);
  EXPECT_EQ(discovery.Devices().size(), limits::kAnnouncedMax);
  note(7);  // in place of itself
  EXPECT_EQ(discovery.refused(DiscoveryRefusal::kFull), 1u);
}

TEST(HomeAssistantTest, TheLongestProfileOfADeviceFitsWhereItIsKept) {
  HomeAssistant discovery;
  int n = 0;
  for (const char* unit_of_class : {"energy\",\"stat_cla\":\"total|MWh", "gas\",\"stat_cla\":\"total|m³",
                                    "power|kW", "voltage|kV", "current|mA", "temperature|°C",
                                    "humidity|%", "pressure|mbar", "pm10|µg/m³", "pm25|µg/m³",
                                    "carbon_dioxide|ppm", "sound_pressure|dBA", "illuminance|lx",
                                    "battery|%"}) {
    const std::string text = unit_of_class;
    const std::size_t bar = text.find('|');
    discovery.Note(Format("homeassistant/sensor/d/n%d/config", n),
                   Format(R"({"dev_cla":"%s","unit_of_meas":"%s","stat_t":"%s%02d",
                              "val_tpl":"{{value_json['%s.']}}"})",
                          text.substr(0, bar), text.substr(bar + 1),
                          std::string(254, '\''), n,
                          std::string(kTemplatePathBytesMax - 3, 'a')));
    ++n;
  }
  discovery.Note("homeassistant/binary_sensor/d/b/config",
                 Format(R"({"dev_cla":"motion","stat_t":"%sbb","pl_on":"%s1","pl_off":"%s0",
                            "val_tpl":"{{value_json['%s.']}}"})",
                        std::string(254, 't'), std::string(63, '\''),
                        std::string(63, '\''), std::string(kTemplatePathBytesMax - 3, 'a')));
  ASSERT_EQ(discovery.Devices().at(0).metrics.size(), 15u);
  EXPECT_LE(TextOf(discovery, "d").size(), limits::kOwnProfileBytesMax);
}

}  // namespace
}  // namespace gateway::ingest
