// Pipeline, the part that remembers what the MQTT session at the broker may have.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {
namespace {

// Row of the meta table: u8 version ‖ varint n ‖ n × text filter.
constexpr std::string_view kSubscriptionsKey = "subscriptions";
constexpr uint8_t kVersion = 1;

// Before a topic in the text of a profile that was made for one device (ingest/home_assistant.cc),
// which is between single quotes; one of its own is doubled.
constexpr std::string_view kTopic = "topic: '";

std::vector<std::string> TopicsIn(std::string_view profile) {
  std::vector<std::string> topics;
  for (auto at = profile.find(kTopic); at != profile.npos; at = profile.find(kTopic)) {
    profile.remove_prefix(at + kTopic.size());
    std::string& topic = topics.emplace_back();
    while (!profile.empty()) {
      const char next = profile.front();
      profile.remove_prefix(1);
      if (next == '\'') {
        if (!profile.starts_with('\'')) break;
        profile.remove_prefix(1);
      }
      topic += next;
    }
  }
  return topics;
}

StatusOr<std::vector<std::string>> Decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return DataLoss("subscriptions: not of version %d", kVersion);
  std::vector<std::string> filters;
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) filters.emplace_back(in.Text());
  RETURN_IF_ERROR(in.Finish("subscriptions"));
  return filters;
}

}  // namespace

std::vector<std::string> Pipeline::Subscriptions() const {
  const auto row = vault_->GetRow(store::Table::kMeta, kSubscriptionsKey);
  if (row.ok() && !row->has_value()) return {};
  StatusOr<std::vector<std::string>> filters =
      row.ok() ? Decode(**row) : StatusOr<std::vector<std::string>>(row.status());
  if (filters.ok()) return *std::move(filters);
  Log(LogLevel::kWarning, "topics that the broker may still send from an earlier run are not known: "
      "%s", Message(filters.status()));
  return {};
}

Status Pipeline::PutSubscriptions(store::Batch& batch, const std::vector<std::string>& filters) {
  ByteWriter out;
  out.U8(kVersion).Varint(filters.size());
  for (const std::string& filter : filters) out.Text(filter);
  return vault_->PutOwn(batch, store::Table::kMeta, kSubscriptionsKey, out.bytes());
}

Status Pipeline::KeepSubscriptions(const std::vector<std::string>& filters) {
  const MutexLock gate(subscriptions_gate_);
  std::vector<std::string> kept = filters;
  if (!forgotten_topics_.empty()) {
    std::erase_if(kept, [&](const std::string& filter) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return forgotten_topics_.contains(vault_->RowPseudonym("topic", filter));
    });
  }
  store::Batch batch;
  RETURN_IF_ERROR(PutSubscriptions(batch, kept));
  return vault_->Commit(batch);
}

Status Pipeline::ForgetTopics(const Household* household, store::Batch& batch) {
  if (household == nullptr) {
    // Of a restore: which topics were its nobody can tell. The next connection writes the row anew.
    batch.Delete(store::Table::kMeta, kSubscriptionsKey);
    return OkStatus();
  }
  std::set<std::string> gone;
  for (const port::EnrolledDevice& device : household->devices) {
    for (std::string& topic : TopicsIn(device.own_profile)) gone.insert(std::move(topic));
  }
  if (gone.empty()) return OkStatus();
  // Whoever talks to the broker has them until it took them back, and may keep the others meanwhile.
  for (const std::string& topic : gone) {
    forgotten_topics_.insert(vault_->RowPseudonym("topic", topic));
  }
  std::vector<std::string> filters = Subscriptions();
  std::erase_if(filters, [&](const std::string& filter) { return gone.contains(filter); });
  return PutSubscriptions(batch, filters);
}

}  // namespace gateway::pipeline
