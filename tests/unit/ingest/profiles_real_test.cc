// The profiles that ship, by what real devices have sent: dumps and captures of other projects,
// wrapped as the MQTT messages that they would be.
#include <nlohmann/json.hpp>

#include "profiles_fixture.h"

namespace gateway::ingest {
namespace {

using Json = nlohmann::json;

class RealPayloadsTest : public ProfilesTest {
 protected:
  // The one file of `folder` whose name ends so; skips the test by name if it is not there.
  static Json Read(const std::string& folder, std::string_view ending) {
    const std::vector<std::filesystem::path> paths = RealPayloads(folder, ending);
    return paths.empty() ? Json() : Json::parse(ReadAll(paths.front()));
  }
};

#define SKIP_WITHOUT(json, what) \
  if ((json).is_null()) GTEST_SKIP() << "data/payloads/" << (what) << " is not in COMMONS_SHARED"

TEST_F(RealPayloadsTest, TasmotaSensorObjects) {
  const auto paths = RealPayloads("tasmota", ".ndjson");
  if (paths.empty()) GTEST_SKIP() << "data/payloads/tasmota is not in COMMONS_SHARED";
  Enrol("tasmota", {"real", "real:0", "real:1", "real:Phase1", "real:Phase2", "real:CTEnergy1",
                    "real:DS18B20"});
  const std::string summer = " 2020-09-25T10:47:15Z local";
  const std::string winter = " 2023-01-27T10:04:56Z local";
  const std::map<std::string, Outcome> want = {
      {"BAD_LIST_SENSOR_CONFIG_3", {}},
      {"LIST_SENSOR_CONFIG",
       {"real power 0" + summer, "real energy-index 17" + summer, "real voltage 2343" + summer,
        "real current 39" + summer}},
      {"LIST_SENSOR_CONFIG_2",
       {"real power 0" + summer, "real:0 energy-index 0" + summer,
        "real:1 energy-index 17" + summer, "real voltage 2343" + summer,
        "real current 39" + summer}},
      {"DICT_SENSOR_CONFIG_1", {}},
      {"DICT_SENSOR_CONFIG_2",
       {"real:Phase1 energy-index 17" + winter, "real:Phase2 energy-index 17" + winter}},
      {"NUMBERED_SENSOR_CONFIG", {}},
      {"NUMBERED_SENSOR_CONFIG_2",
       {"real:CTEnergy1 power 23000" + summer, "real:CTEnergy1 energy-index 500" + summer}},
      {"TEMPERATURE_SENSOR_CONFIG", {"real:DS18B20 temperature 240" + winter}},
  };
  std::ifstream file(paths.front());
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const Json object = Json::parse(line);
    EXPECT_EQ(Resolve("tele/real/SENSOR", object["sn"].dump()),
              want.at(object["src"].get<std::string>()))
        << line;
  }
  EXPECT_EQ(lines, want.size());
}

TEST_F(RealPayloadsTest, ShellyGen1) {
  const Json dump = Read("shelly", "gen1_Shelly_Plug_S_SHPLG-S_20230913-113421-v1.14.0-gcb84623.json");
  SKIP_WITHOUT(dump, "shelly");
  const std::string device = dump["settings"]["mqtt"]["id"];
  Enrol("shelly-gen1", {device + ":0"});
  const Json& meter = dump["status"]["meters"][0];
  const std::string relay = "shellies/" + device + "/relay/0";
  EXPECT_EQ(Resolve(relay + "/power", meter["power"].dump()), Outcome{device + ":0 power 0 arrival"});
  // 2632 watt-minutes
  EXPECT_EQ(Resolve(relay + "/energy", meter["total"].dump()),
            Outcome{device + ":0 energy-index 44 arrival"});
  EXPECT_EQ(Resolve(relay, dump["status"]["relays"][0]["ison"] ? "on" : "off"),
            Outcome{device + ":0 switched 0 arrival"});
}

// A dump of the whole status as the notification that a device sends after each connect.
std::string FullStatus(const Json& status) {
  Json params = status;
  params["ts"] = status["sys"]["unixtime"];
  return Json{{"src", "x"}, {"method", "NotifyFullStatus"}, {"params", params}}.dump();
}

TEST_F(RealPayloadsTest, ShellyGen2Plug) {
  const Json dump = Read("shelly", "SNPL-00112EU_20231219-134003-1.1.0-g34b5d4f.json");
  SKIP_WITHOUT(dump, "shelly");
  Enrol("shelly-gen2", {"plug:0"});
  const std::string time = " 2024-02-07T17:28:47Z";
  EXPECT_EQ(Resolve("plug/events/rpc", FullStatus(dump["status"])),
            (Outcome{"plug:0 power 27" + time, "plug:0 energy-index 7259" + time,
                     "plug:0 voltage 2279" + time, "plug:0 current 121" + time,
                     "plug:0 switched 1" + time}));
  // Its firmware moves minute_ts with every second: what it says of a minute is refused.
  EXPECT_EQ(Resolve("plug/status/switch:0", dump["status"]["switch:0"].dump()),
            (Outcome{"plug:0 power 27 arrival", "plug:0 energy-index 7259 arrival",
                     "plug:0 voltage 2279 arrival", "plug:0 current 121 arrival",
                     "plug:0 switched 1 arrival", "bad-time"}));
}

TEST_F(RealPayloadsTest, ShellyGen2ThreePhaseMeter) {
  const Json dump = Read("shelly", "SPEM-003CEBEU_20231219-134001-1.1.0-g34b5d4f.json");
  SKIP_WITHOUT(dump, "shelly");
  Enrol("shelly-gen2", {"em:0"});
  const std::string time = " 2024-02-07T17:28:47Z";
  EXPECT_EQ(Resolve("em/events/rpc", FullStatus(dump["status"])),
            (Outcome{"em:0 power 5590" + time, "em:0 energy-index 2589773" + time,
                     "em:0 temperature 4660" + time}));
}

TEST_F(RealPayloadsTest, ShellyGen2FourSwitches) {
  const Json dump = Read("shelly", "SPSW-004PE16EU_20230912-082358-1.0.3-g6176478.json");
  SKIP_WITHOUT(dump, "shelly");
  Enrol("shelly-gen2", {"pro:0", "pro:1", "pro:2", "pro:3"});
  const Outcome outcome = Resolve("pro/events/rpc", FullStatus(dump["status"]));
  EXPECT_EQ(outcome.size(), 4u * 5);
  EXPECT_EQ(std::ranges::count(outcome, "pro:1 voltage 1218 2024-02-19T22:31:23Z"), 1);
}

TEST_F(RealPayloadsTest, ShellyGen2WallDisplay) {
  const Json dump = Read("shelly", "SAWD-0A1XX10EU1_20240115-105444-1.2.8-59063a9a.json");
  SKIP_WITHOUT(dump, "shelly");
  Enrol("shelly-gen2", {"wall:0"});
  const std::string time = " 2024-02-21T09:32:34Z";
  EXPECT_EQ(Resolve("wall/events/rpc", FullStatus(dump["status"])),
            (Outcome{"wall:0 switched 0" + time, "wall:0 temperature 2130" + time,
                     "wall:0 humidity 438" + time, "wall:0 illuminance 30" + time}));
}

// Of the third generation: minutes begin where minutes begin.
TEST_F(RealPayloadsTest, ShellyGen3Cover) {
  const Json status = Read("shelly/rpc_device/shelly2pmg3", "Shelly.GetStatus");
  SKIP_WITHOUT(status, "shelly");
  Enrol("shelly-gen2", {"blind:0"});
  EXPECT_EQ(Resolve("blind/status/cover:0", status["cover:0"].dump()),
            (Outcome{"blind:0 power 0 arrival", "blind:0 energy-index 315 arrival",
                     "blind:0 load 0 2025-10-13T14:11:00Z", "blind:0 voltage 2192 arrival",
                     "blind:0 current 0 arrival"}));
}

TEST_F(RealPayloadsTest, TheThingsStack) {
  Enrol("the-things-stack", {"distance-03:41", "distance-03:44", "sensor-01", "test-t1000-device",
                             "eui-2cf7f1c044300279"});
  const std::map<std::string, Outcome> want = {
      {"default_valid",
       {"distance-03:41 temperature 2460 2024-07-06T09:19:21.175Z",
        "distance-03:44 illuminance 2008 2024-07-06T09:19:21.175Z"}},
      {"default_no_decoded_payload", {}},
      {"default_sensor_attr", {"sensor-01 temperature 2460 2024-07-06T09:19:21.175Z"}},
      {"sensecap_t1000_nested", {"test-t1000-device battery 88 2025-12-15T23:38:51.055Z"}},
      {"sensecap_valid",
       {"eui-2cf7f1c044300279 temperature 1330 2024-07-05T16:16:30.693Z",
        "eui-2cf7f1c044300279 humidity 770 2024-07-05T16:16:30.693Z",
        "eui-2cf7f1c044300279 pressure 9966 2024-07-05T16:16:30.693Z",
        "eui-2cf7f1c044300279 illuminance 3911 2024-07-05T16:16:30.693Z"}},
  };
  const auto paths = RealPayloads("ttn_v3_uplinks", ".json");
  if (paths.empty()) GTEST_SKIP() << "data/payloads/ttn_v3_uplinks is not in COMMONS_SHARED";
  EXPECT_EQ(paths.size(), want.size());
  for (const std::filesystem::path& path : paths) {
    const Json uplink = Json::parse(ReadAll(path))["data"];  // the rest is the HTTP API's
    const std::string device = uplink["end_device_ids"]["device_id"];
    EXPECT_EQ(Resolve("v3/app@ttn/devices/" + device + "/up", uplink.dump()),
              want.at(path.stem().string()))
        << path;
  }
}

TEST_F(RealPayloadsTest, SenmlOfTheRfc) {
  const auto example = [](std::string_view name) {
    const auto paths = RealPayloads("senml_rfc8428", name);
    return paths.empty() ? std::string() : ReadAll(paths.front());
  };
  if (example("ex3.json").empty()) {
    GTEST_SKIP() << "data/payloads/senml_rfc8428 is not in COMMONS_SHARED";
  }
  Enrol("senml", {"10e2073a01080063", "10e2073a0108006"});
  const std::string first = "10e2073a01080063 ", other = "10e2073a0108006 ";
  EXPECT_EQ(Resolve("senml/x", example("ex1.json")), Outcome{});  // its name has no metric
  EXPECT_EQ(Resolve("senml/x", example("ex2.json")),
            (Outcome{first + "voltage 1201 arrival", first + "current 1200 arrival"}));
  Outcome currents{other + "voltage 1201 2010-06-08T18:01:16.001Z"};
  const int milliamperes[] = {1200, 1300, 1400, 1500, 1600, 1700};
  for (int i = 0; i < 6; ++i) {
    currents.push_back(Format("%scurrent %d 2010-06-08T18:01:%02d.001Z", other, milliamperes[i],
                              11 + i));
  }
  EXPECT_EQ(Resolve("senml/x", example("ex3.json")), currents);
  EXPECT_EQ(Resolve("senml/x", example("ex3.gen.cbor")), currents);
  EXPECT_EQ(Resolve("senml/x", example("ex4.gen.json-trim")), Outcome{"malformed"});
  EXPECT_EQ(Resolve("senml/x", example("ex5.json")), Outcome{});
  EXPECT_EQ(Resolve("senml/x", example("ex6.json")), Outcome{});  // names that are addresses
  EXPECT_EQ(Resolve("senml/x", example("ex8.json")),
            (Outcome{first + "temperature 2720 2011-10-31T16:27:09Z",
                     first + "humidity 800 2011-10-31T16:27:09Z"}));
}

// Labels and raw values of a frame, as teleinfo2mqtt and Tasmota would publish them.
TEST_F(RealPayloadsTest, LinkyFrames) {
  const std::string folder = "linky_tic_frames/TIC2WebSocket_frame_codec";
  const Json historic = Read(folder, "ticFrameHistoric_full_details.json");
  const Json standard = Read(folder, "ticFrameStandard_summarized.json");
  SKIP_WITHOUT(historic, folder);
  Json bridge, tasmota;
  for (const Json& group : historic["groupList"]) {
    if (!group["isValid"]) continue;  // a checksum was wrong
    const std::string label = group["label"], raw = group["value"];
    bridge[label]["raw"] = raw;
    const bool number = raw.find_first_not_of("0123456789") == std::string::npos && label != "ADCO";
    tasmota["TIC"][label] = number ? Json(std::stoll(raw)) : Json(raw);
  }
  Enrol("teleinfo2mqtt", {"812164417227"});
  EXPECT_EQ(Resolve("teleinfo/812164417227", bridge.dump()),
            (Outcome{"812164417227 energy-index 104 arrival",
                     "812164417227 apparent-power 0 arrival", "812164417227 current 0 arrival"}));
  Enrol("teleinfo-tasmota", {"linky"});
  EXPECT_EQ(Resolve("tele/linky/SENSOR", tasmota.dump()),
            (Outcome{"linky energy-index 104 arrival", "linky apparent-power 0 arrival",
                     "linky current 0 arrival"}));
  EXPECT_EQ(Resolve("tele/linky/SENSOR", Json{{"TIC", standard}}.dump()),
            (Outcome{"linky energy-index 0 arrival", "linky apparent-power 0 arrival",
                     "linky current 0 arrival", "linky voltage 2300 arrival"}));
}

}  // namespace
}  // namespace gateway::ingest
