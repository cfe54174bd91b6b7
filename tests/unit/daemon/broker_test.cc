#include "gateway/daemon/broker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/ingest/own_profile.h"
#include "gateway/model/limits.h"

namespace gateway::daemon {
namespace {

class Table final : public port::AdmissionTable {
 public:
  // `devices` with a profile of their own each, of `topics` topics.
  Table(std::size_t devices, std::size_t topics) {
    for (std::size_t i = 0; i < devices; ++i) {
      std::string text = Format("schema: commons-profile/1\nid: ha-%d\nabout: a lamp\nclaim: l%d\n"
                                "messages:\n", i, i);
      for (std::size_t j = 0; j < topics; ++j) {
        text += Format("  - {topic: lamps/%d/%d, format: number, readings: [{metric: p}]}\n", i, j);
      }
      auto device = std::make_shared<port::EnrolledDevice>();
      device->own = ingest::OwnProfile::Read(text);
      devices_.push_back(std::move(device));
    }
  }
  const port::Admission& Find(std::string_view, std::string_view,
                              std::string_view) const override {
    return unknown_;
  }
  port::DoorCode FindDevice(std::string_view, std::string_view) const override {
    return port::DoorCode::kUnknownDevice;
  }
  std::span<const std::shared_ptr<const port::EnrolledDevice>> devices() const override {
    return devices_;
  }
  const TimeZone& time_zone() const override { return zone_; }

 private:
  std::vector<std::shared_ptr<const port::EnrolledDevice>> devices_;
  const port::Admission unknown_;
  const TimeZone zone_ = TimeZone::Utc();
};

std::size_t Count(const std::vector<ingest::Filter>& filters, std::string_view beginning) {
  return static_cast<std::size_t>(std::ranges::count_if(filters, [&](const ingest::Filter& filter) {
    return filter.text.starts_with(beginning);
  }));
}

TEST(BrokerTest, SubscribesToTheTopicsOfInstalledAndOwnProfilesAndToAnnouncements) {
  const auto installed = ingest::LoadInstalledProfiles();
  ASSERT_TRUE(installed.ok());
  const std::vector<ingest::Filter> filters = FiltersOf(*installed, Table(2, 3));
  EXPECT_EQ(Count(filters, "lamps/"), 6u);
  EXPECT_EQ(Count(filters, "homeassistant/"), 2u);
  EXPECT_GT(Count(filters, "zigbee2mqtt/"), 0u);
  for (const ingest::Filter& filter : filters) {
    EXPECT_EQ(filter.may_be_shown, !filter.text.starts_with("lamps/"));
  }
}

// As devices that were enrolled before a profile file was added may bring it to a start.
TEST(BrokerTest, OfTooManyFiltersTheProfileFilesComeFirst) {
  const auto installed = ingest::LoadInstalledProfiles();
  ASSERT_TRUE(installed.ok());
  constexpr std::size_t kTopics = limits::kMessagesPerProfileMax;
  const Table table(limits::kFiltersMax / kTopics + 1, kTopics);
  const std::vector<ingest::Filter> filters = FiltersOf(*installed, table);
  EXPECT_EQ(filters.size(), limits::kFiltersMax);
  const std::size_t shared = FiltersOf(*installed, Table(0, 0)).size();
  EXPECT_EQ(Count(filters, "lamps/"), limits::kFiltersMax - shared);
  EXPECT_LE(OwnFiltersMax(*installed), limits::kFiltersMax - shared);
  EXPECT_GT(OwnFiltersMax(*installed), limits::kFiltersMax / 2);
}

}  // namespace
}  // namespace gateway::daemon
