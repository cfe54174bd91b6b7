// AdminService, the calls about devices and their logins at the broker.
#include <map>

#include "gateway/admin/answer.h"
#include "gateway/admin/convert.h"
#include "gateway/admin/service.h"

namespace gateway::admin {
namespace {

std::string LoginState(const port::Listening& listening, const std::string& login) {
  if (login.empty()) return "";
  return listening.IsAtBroker(login) ? "provisioned" : "waiting";
}

}  // namespace

Status AdminService::CheckProfile(std::string_view profile) const {
  std::string known;
  for (const port::ProfileRow& row : listening_.Profiles()) {
    if (row.id == profile) return OkStatus();
    known += (known.empty() ? "" : ", ") + row.id;
  }
  return NotFound("profile: there is none of this name; those there are: %s", known);
}

StatusOr<port::DeviceEnrolment> AdminService::EnrolmentOf(
    const commons::v1::AddDeviceRequest& request) const {
  RETURN_IF_ERROR(CheckName("device", request.device()));
  RETURN_IF_ERROR(CheckName("claim", request.claim()));
  if (request.household().empty() == request.place().empty()) {
    return InvalidArgument("device: is a household's or a place's; name one");
  }
  port::DeviceEnrolment enrolment{.device = request.device(),
                                  .household = request.household(),
                                  .place = request.place(),
                                  .claim = request.claim(),
                                  .secret = request.secret()};
  if (!request.heard().empty()) {
    if (!request.claim().empty()) {
      return InvalidArgument("device: what was heard has its claim already");
    }
    ASSIGN_OR_RETURN(port::Proposal proposal,
                     listening_.Propose(request.heard(), request.profile()));
    enrolment.profile = std::move(proposal.profile);
    enrolment.claim = std::move(proposal.claim);
    enrolment.secret = proposal.secret;
    enrolment.own_profile = std::move(proposal.own_profile);
  } else if (!request.profile().empty()) {
    enrolment.profile = request.profile();
  }
  if (enrolment.own_profile.empty()) RETURN_IF_ERROR(CheckProfile(enrolment.profile));
  return enrolment;
}

grpc::Status AdminService::AddDevice(grpc::ServerContext* context,
                                     const commons::v1::AddDeviceRequest* request,
                                     commons::v1::AddDeviceReply* reply) {
  const auto enrolment = EnrolmentOf(*request);
  if (!enrolment.ok()) return Answer(context, enrolment.status());
  auto credentials = commands_.EnrolDevice(*enrolment);
  if (!credentials.ok()) return Answer(context, credentials.status());
  reply->set_profile(enrolment->profile);
  reply->set_login(std::move(credentials->login));
  reply->set_password(std::move(credentials->password));
  return grpc::Status::OK;
}

grpc::Status AdminService::ListDevices(grpc::ServerContext* context,
                                       const commons::v1::ListDevicesRequest* /*request*/,
                                       commons::v1::ListDevicesReply* reply) {
  const auto devices = commands_.ListDevices();
  if (!devices.ok()) return Answer(context, devices.status());
  std::map<std::string, port::DeviceHearing> heard;
  for (port::DeviceHearing& hearing : listening_.Hearing()) {
    std::string device = hearing.device.value();
    heard[std::move(device)] = std::move(hearing);
  }
  for (const port::DeviceRow& device : *devices) {
    auto* row = reply->add_rows();
    *row = ToMessage(device);
    row->set_login(LoginState(listening_, device.login));
    const auto found = heard.find(device.device);
    if (found == heard.end()) continue;  // enrolled between the two questions
    const port::DeviceHearing& hearing = found->second;
    if (hearing.last.has_value()) row->set_last_heard_ms(hearing.last->time_since_epoch().count());
    row->set_expected_ms(hearing.expected.count());
    row->set_state(std::string(hearing.state));
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::RenewDeviceLogin(grpc::ServerContext* context,
                                            const commons::v1::RenewDeviceLoginRequest* request,
                                            commons::v1::RenewDeviceLoginReply* reply) {
  auto credentials = commands_.RenewLogin(request->device());
  if (!credentials.ok()) return Answer(context, credentials.status());
  reply->set_login(std::move(credentials->login));
  reply->set_password(std::move(credentials->password));
  return grpc::Status::OK;
}

grpc::Status AdminService::DiscoverDevices(
    grpc::ServerContext* /*context*/, const commons::v1::DiscoverDevicesRequest* /*request*/,
    commons::v1::DiscoverDevicesReply* reply) {
  for (const port::Stranger& stranger : listening_.Strangers()) {
    *reply->add_rows() = ToMessage(stranger);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::AddBrokerLogin(grpc::ServerContext* context,
                                          const commons::v1::AddBrokerLoginRequest* request,
                                          commons::v1::AddBrokerLoginReply* reply) {
  Status checked = CheckName("broker login", request->name());
  if (checked.ok()) checked = CheckProfile(request->profile());
  if (!checked.ok()) return Answer(context, checked);
  auto credentials = commands_.AddBrokerLogin(request->name(), request->profile());
  if (!credentials.ok()) return Answer(context, credentials.status());
  reply->set_login(std::move(credentials->login));
  reply->set_password(std::move(credentials->password));
  return grpc::Status::OK;
}

grpc::Status AdminService::ListBrokerLogins(
    grpc::ServerContext* context, const commons::v1::ListBrokerLoginsRequest* /*request*/,
    commons::v1::ListBrokerLoginsReply* reply) {
  const auto logins = commands_.ListBrokerLogins();
  if (!logins.ok()) return Answer(context, logins.status());
  for (const port::BrokerLoginRow& login : *logins) {
    auto* row = reply->add_rows();
    row->set_name(login.name);
    row->set_profile(login.profile);
    row->set_login(login.login);
    row->set_state(LoginState(listening_, login.login));
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::RemoveBrokerLogin(grpc::ServerContext* context,
                                             const commons::v1::RemoveBrokerLoginRequest* request,
                                             commons::v1::RemoveBrokerLoginReply* /*reply*/) {
  return Answer(context, commands_.RemoveBrokerLogin(request->name()));
}

}  // namespace gateway::admin
