// Pipeline, the part that remembers what the MQTT session at the broker may have.
#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {
namespace {

// Row of the meta table: u8 version ‖ varint n ‖ n × text filter.
constexpr std::string_view kSubscriptionsKey = "subscriptions";
constexpr uint8_t kVersion = 1;

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

Status Pipeline::KeepSubscriptions(const std::vector<std::string>& filters) {
  ByteWriter out;
  out.U8(kVersion).Varint(filters.size());
  for (const std::string& filter : filters) out.Text(filter);
  store::Batch batch;
  RETURN_IF_ERROR(vault_->PutOwn(batch, store::Table::kMeta, kSubscriptionsKey, out.bytes()));
  return vault_->Commit(batch);
}

}  // namespace gateway::pipeline
