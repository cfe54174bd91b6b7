// The calls of admin.proto. Internal to admin.
#pragma once

#include "commons/v1/admin.grpc.pb.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/commands.h"
#include "gateway/port/listening.h"

namespace gateway::admin {

// A refusal carries this trailing metadata, so that a client can tell "the daemon says
// Unavailable" from "there is no daemon", which gRPC reports with the same code.
inline constexpr char kRefusedKey[] = "commons-refused";

// Thread-safe, as its ports are.
class AdminService final : public commons::v1::Admin::Service {
 public:
  AdminService(port::Commands& commands, const port::CellSource& cells,
               const port::Listening& listening)
      : commands_(commands), cells_(cells), listening_(listening) {}

  grpc::Status AddHousehold(grpc::ServerContext* context,
                            const commons::v1::AddHouseholdRequest* request,
                            commons::v1::AddHouseholdReply* reply) override;
  grpc::Status ConfirmHousehold(grpc::ServerContext* context,
                                const commons::v1::ConfirmHouseholdRequest* request,
                                commons::v1::ConfirmHouseholdReply* reply) override;
  grpc::Status ListHouseholds(grpc::ServerContext* context,
                              const commons::v1::ListHouseholdsRequest* request,
                              commons::v1::ListHouseholdsReply* reply) override;
  grpc::Status ImportGrant(grpc::ServerContext* context,
                           const commons::v1::ImportGrantRequest* request,
                           commons::v1::ImportGrantReply* reply) override;
  grpc::Status WithdrawGrants(grpc::ServerContext* context,
                              const commons::v1::WithdrawGrantsRequest* request,
                              commons::v1::WithdrawGrantsReply* reply) override;
  grpc::Status ListGrants(grpc::ServerContext* context,
                          const commons::v1::ListGrantsRequest* request,
                          commons::v1::ListGrantsReply* reply) override;
  grpc::Status ActivateDocuments(grpc::ServerContext* context,
                                 const commons::v1::ActivateDocumentsRequest* request,
                                 commons::v1::ActivateDocumentsReply* reply) override;
  grpc::Status ShowDocuments(grpc::ServerContext* context,
                             const commons::v1::ShowDocumentsRequest* request,
                             commons::v1::ShowDocumentsReply* reply) override;
  grpc::Status Query(grpc::ServerContext* context, const commons::v1::CellFilter* request,
                     grpc::ServerWriter<commons::v1::CellRow>* writer) override;
  grpc::Status ExplainCell(grpc::ServerContext* context,
                           const commons::v1::ExplainCellRequest* request,
                           commons::v1::ExplainCellReply* reply) override;
  grpc::Status AdvanceClock(grpc::ServerContext* context,
                            const commons::v1::AdvanceClockRequest* request,
                            commons::v1::AdvanceClockReply* reply) override;
  grpc::Status GetStatus(grpc::ServerContext* context,
                         const commons::v1::GetStatusRequest* request,
                         commons::v1::GetStatusReply* reply) override;
  grpc::Status GetKeys(grpc::ServerContext* context, const commons::v1::GetKeysRequest* request,
                       commons::v1::GetKeysReply* reply) override;
  grpc::Status RetractCell(grpc::ServerContext* context,
                           const commons::v1::RetractCellRequest* request,
                           commons::v1::RetractCellReply* reply) override;
  grpc::Status AddPlace(grpc::ServerContext* context, const commons::v1::AddPlaceRequest* request,
                        commons::v1::AddPlaceReply* reply) override;
  grpc::Status ConfirmPlace(grpc::ServerContext* context,
                            const commons::v1::ConfirmPlaceRequest* request,
                            commons::v1::ConfirmPlaceReply* reply) override;
  grpc::Status ListPlaces(grpc::ServerContext* context,
                          const commons::v1::ListPlacesRequest* request,
                          commons::v1::ListPlacesReply* reply) override;
  // rule_calls.cc
  grpc::Status ProposeDocuments(grpc::ServerContext* context,
                                const commons::v1::ProposeDocumentsRequest* request,
                                commons::v1::ProposeDocumentsReply* reply) override;
  grpc::Status CastVote(grpc::ServerContext* context, const commons::v1::CastVoteRequest* request,
                        commons::v1::CastVoteReply* reply) override;
  grpc::Status ShowRules(grpc::ServerContext* context,
                         const commons::v1::ShowRulesRequest* request,
                         commons::v1::ShowRulesReply* reply) override;
  // device_calls.cc
  grpc::Status AddDevice(grpc::ServerContext* context,
                         const commons::v1::AddDeviceRequest* request,
                         commons::v1::AddDeviceReply* reply) override;
  grpc::Status ListDevices(grpc::ServerContext* context,
                           const commons::v1::ListDevicesRequest* request,
                           commons::v1::ListDevicesReply* reply) override;
  grpc::Status RenewDeviceLogin(grpc::ServerContext* context,
                                const commons::v1::RenewDeviceLoginRequest* request,
                                commons::v1::RenewDeviceLoginReply* reply) override;
  grpc::Status DiscoverDevices(grpc::ServerContext* context,
                               const commons::v1::DiscoverDevicesRequest* request,
                               commons::v1::DiscoverDevicesReply* reply) override;
  grpc::Status AddBrokerLogin(grpc::ServerContext* context,
                              const commons::v1::AddBrokerLoginRequest* request,
                              commons::v1::AddBrokerLoginReply* reply) override;
  grpc::Status ListBrokerLogins(grpc::ServerContext* context,
                                const commons::v1::ListBrokerLoginsRequest* request,
                                commons::v1::ListBrokerLoginsReply* reply) override;
  grpc::Status RemoveBrokerLogin(grpc::ServerContext* context,
                                 const commons::v1::RemoveBrokerLoginRequest* request,
                                 commons::v1::RemoveBrokerLoginReply* reply) override;
  // store_calls.cc
  grpc::Status ListKeySlots(grpc::ServerContext* context,
                            const commons::v1::ListKeySlotsRequest* request,
                            commons::v1::ListKeySlotsReply* reply) override;
  grpc::Status AddKeySlot(grpc::ServerContext* context,
                          const commons::v1::AddKeySlotRequest* request,
                          commons::v1::AddKeySlotReply* reply) override;
  grpc::Status RemoveKeySlot(grpc::ServerContext* context,
                             const commons::v1::RemoveKeySlotRequest* request,
                             commons::v1::RemoveKeySlotReply* reply) override;
  grpc::Status RotateKeys(grpc::ServerContext* context,
                          const commons::v1::RotateKeysRequest* request,
                          commons::v1::RotateKeysReply* reply) override;
  grpc::Status EraseHousehold(grpc::ServerContext* context,
                              const commons::v1::EraseHouseholdRequest* request,
                              commons::v1::EraseHouseholdReply* reply) override;
  grpc::Status GetErasureReceipt(grpc::ServerContext* context,
                                 const commons::v1::EraseHouseholdRequest* request,
                                 commons::v1::EraseHouseholdReply* reply) override;
  grpc::Status AcknowledgeLoss(grpc::ServerContext* context,
                               const commons::v1::AcknowledgeLossRequest* request,
                               commons::v1::AcknowledgeLossReply* reply) override;
  grpc::Status ListQuarantine(grpc::ServerContext* context,
                              const commons::v1::QuarantineFilter* request,
                              commons::v1::ListQuarantineReply* reply) override;
  grpc::Status RetryQuarantine(grpc::ServerContext* context,
                               const commons::v1::QuarantineFilter* request,
                               commons::v1::RetryQuarantineReply* reply) override;
  grpc::Status DropQuarantine(grpc::ServerContext* context,
                              const commons::v1::QuarantineFilter* request,
                              commons::v1::DropQuarantineReply* reply) override;
  grpc::Status ExportHousehold(grpc::ServerContext* context,
                               const commons::v1::ExportHouseholdRequest* request,
                               grpc::ServerWriter<commons::v1::ExportChunk>* writer) override;
  grpc::Status SimulatePolicy(
      grpc::ServerContext* context, const commons::v1::SimulatePolicyRequest* request,
      grpc::ServerWriter<commons::v1::SimulatePolicyReply>* writer) override;
  grpc::Status CreateBackup(grpc::ServerContext* context,
                            const commons::v1::CreateBackupRequest* request,
                            grpc::ServerWriter<commons::v1::BackupProgress>* writer) override;

 private:
  Status StreamCells(const commons::v1::CellFilter& request,
                     grpc::ServerWriter<commons::v1::CellRow>& writer);

  // device_calls.cc
  // Returns NotFound, naming those there are, if no profile has this id.
  Status CheckProfile(std::string_view profile) const;
  StatusOr<port::DeviceEnrolment> EnrolmentOf(const commons::v1::AddDeviceRequest& request) const;

  port::Commands& commands_;
  const port::CellSource& cells_;
  const port::Listening& listening_;
};

}  // namespace gateway::admin
