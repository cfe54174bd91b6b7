// AdminService, the calls about the store itself: keys, erasure, export, backup, loss, quarantine.
#include <algorithm>
#include <chrono>

#include "gateway/admin/answer.h"
#include "gateway/admin/convert.h"
#include "gateway/admin/service.h"

namespace gateway::admin {

grpc::Status AdminService::ListKeySlots(grpc::ServerContext* context,
                                        const commons::v1::ListKeySlotsRequest* /*request*/,
                                        commons::v1::ListKeySlotsReply* reply) {
  const auto slots = commands_.ListKeySlots();
  if (!slots.ok()) return Answer(context, slots.status());
  for (const port::KeySlotRow& slot : *slots) {
    auto* row = reply->add_rows();
    row->set_id(slot.id);
    row->set_type(slot.type);
    row->set_detail(slot.detail);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::AddKeySlot(grpc::ServerContext* context,
                                      const commons::v1::AddKeySlotRequest* request,
                                      commons::v1::AddKeySlotReply* /*reply*/) {
  return Answer(context, commands_.AddKeySlot(request->slot()));
}

grpc::Status AdminService::RemoveKeySlot(grpc::ServerContext* context,
                                         const commons::v1::RemoveKeySlotRequest* request,
                                         commons::v1::RemoveKeySlotReply* /*reply*/) {
  return Answer(context, commands_.RemoveKeySlot(request->id()));
}

grpc::Status AdminService::RotateKeys(grpc::ServerContext* context,
                                      const commons::v1::RotateKeysRequest* request,
                                      commons::v1::RotateKeysReply* reply) {
  const auto keys = commands_.RotateKeys(request->level());
  if (!keys.ok()) return Answer(context, keys.status());
  reply->set_keys(*keys);
  return grpc::Status::OK;
}

grpc::Status AdminService::EraseHousehold(grpc::ServerContext* context,
                                          const commons::v1::EraseHouseholdRequest* request,
                                          commons::v1::EraseHouseholdReply* reply) {
  auto receipt = commands_.EraseHousehold(request->household());
  if (!receipt.ok()) return Answer(context, receipt.status());
  reply->set_receipt(*std::move(receipt));
  return grpc::Status::OK;
}

grpc::Status AdminService::GetErasureReceipt(grpc::ServerContext* context,
                                             const commons::v1::EraseHouseholdRequest* request,
                                             commons::v1::EraseHouseholdReply* reply) {
  auto receipt = commands_.ErasureReceipt(request->household());
  if (!receipt.ok()) return Answer(context, receipt.status());
  reply->set_receipt(*std::move(receipt));
  return grpc::Status::OK;
}

grpc::Status AdminService::ExportHousehold(grpc::ServerContext* context,
                                           const commons::v1::ExportHouseholdRequest* request,
                                           grpc::ServerWriter<commons::v1::ExportChunk>* writer) {
  commons::v1::ExportChunk chunk;
  return Answer(context, commands_.ExportHousehold(request->household(),
                                                   [&](std::string_view sealed) {
                                                     chunk.set_sealed(std::string(sealed));
                                                     return writer->Write(chunk);
                                                   }));
}

grpc::Status AdminService::CreateBackup(grpc::ServerContext* context,
                                        const commons::v1::CreateBackupRequest* request,
                                        grpc::ServerWriter<commons::v1::BackupProgress>* writer) {
  const port::BackupRequest backup{
      .folder = request->folder(),
      .file = request->file(),
      .recipients = {request->recipients().begin(), request->recipients().end()},
      .since = request->since(),
      .keys_file = request->keys_file(),
      .keys_recipients = {request->keys_recipients().begin(), request->keys_recipients().end()}};
  commons::v1::BackupProgress progress;
  const auto made = commands_.CreateBackup(backup, [&](uint64_t done, uint64_t total) {
    progress.set_bytes_done(done);
    progress.set_bytes_total(total);
    return writer->Write(progress);
  });
  if (!made.ok()) return Answer(context, made.status());
  progress.set_id(made->id);
  progress.set_files(made->files);
  progress.set_bytes_new(made->bytes_new);
  progress.set_bytes_of_backup(made->bytes_total);
  writer->Write(progress);
  return grpc::Status::OK;
}

grpc::Status AdminService::SimulatePolicy(
    grpc::ServerContext* context, const commons::v1::SimulatePolicyRequest* request,
    grpc::ServerWriter<commons::v1::SimulatePolicyReply>* writer) {
  commons::v1::SimulatePolicyReply reply;
  constexpr uint64_t kSecondsMax = uint64_t{100'000} * 86'400;
  const std::chrono::seconds since(
      static_cast<int64_t>(std::min(request->since_s(), kSecondsMax)));
  const auto made =
      commands_.SimulatePolicy(request->proposal(), since, [&](uint64_t done, uint64_t total) {
        reply.set_done(done);
        reply.set_total(total);
        return writer->Write(reply);
      });
  if (!made.ok()) return Answer(context, made.status());
  reply.set_policy_version(made->policy_version);
  for (const port::SimulatedWeek& week : made->weeks) {
    auto* row = reply.add_weeks();
    row->set_rule(week.rule);
    row->set_week(week.week);
    row->set_released(week.released);
    row->set_suppressed(week.suppressed);
    row->set_refused(week.refused);
  }
  reply.mutable_left_out()->Add(made->left_out.begin(), made->left_out.end());
  writer->Write(reply);
  return grpc::Status::OK;
}

grpc::Status AdminService::ListQuarantine(grpc::ServerContext* context,
                                          const commons::v1::QuarantineFilter* request,
                                          commons::v1::ListQuarantineReply* reply) {
  const auto rows = commands_.ListQuarantine(FromMessage(*request));
  if (!rows.ok()) return Answer(context, rows.status());
  for (const port::QuarantineRow& row : *rows) {
    auto* to = reply->add_rows();
    to->set_id(row.id);
    to->set_arrival_ms(row.arrival.time_since_epoch().count());
    to->set_device(row.device);
    to->set_reason(row.reason);
    to->set_bytes(row.bytes);
    to->set_whole(row.whole);
    to->set_shape(row.shape);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::RetryQuarantine(grpc::ServerContext* context,
                                           const commons::v1::QuarantineFilter* request,
                                           commons::v1::RetryQuarantineReply* reply) {
  const auto result = commands_.RetryQuarantine(FromMessage(*request));
  if (!result.ok()) return Answer(context, result.status());
  reply->set_tried(result->tried);
  reply->set_admitted(result->admitted);
  reply->set_observations(result->observations);
  return grpc::Status::OK;
}

grpc::Status AdminService::DropQuarantine(grpc::ServerContext* context,
                                          const commons::v1::QuarantineFilter* request,
                                          commons::v1::DropQuarantineReply* reply) {
  const auto dropped = commands_.DropQuarantine(FromMessage(*request));
  if (!dropped.ok()) return Answer(context, dropped.status());
  reply->set_dropped(*dropped);
  return grpc::Status::OK;
}

grpc::Status AdminService::AcknowledgeLoss(grpc::ServerContext* context,
                                           const commons::v1::AcknowledgeLossRequest* /*request*/,
                                           commons::v1::AcknowledgeLossReply* /*reply*/) {
  return Answer(context, commands_.AcknowledgeLoss());
}

}  // namespace gateway::admin
