// AdminService, the calls about the store itself: keys, erasure, export, backup, loss.
#include "gateway/admin/answer.h"
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

grpc::Status AdminService::AcknowledgeLoss(grpc::ServerContext* context,
                                           const commons::v1::AcknowledgeLossRequest* /*request*/,
                                           commons::v1::AcknowledgeLossReply* /*reply*/) {
  return Answer(context, commands_.AcknowledgeLoss());
}

}  // namespace gateway::admin
