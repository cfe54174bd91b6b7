// Between the plain types of gateway/port and the messages of admin.proto. Internal to admin.
#pragma once

#include "commons/v1/admin.pb.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/commands.h"
#include "gateway/port/listening.h"

namespace gateway::admin {

// Figures only of released cells, and of those only the ones that the rule releases.
commons::v1::CellRow ToMessage(const Cell& cell);
commons::v1::ListHouseholdsReply::Row ToMessage(const port::HouseholdRow& row);
commons::v1::ListDevicesReply::Row ToMessage(const port::DeviceRow& row);
commons::v1::DiscoverDevicesReply::Row ToMessage(const port::Stranger& stranger);
commons::v1::ListPlacesReply::Row ToMessage(const port::PlaceRow& row);
commons::v1::ListGrantsReply::Row ToMessage(const port::GrantRow& row);
commons::v1::ShowDocumentsReply::Row ToMessage(const port::DocumentRow& row);
commons::v1::ChangeRow ToMessage(const port::ChangeRow& row);
commons::v1::GetStatusReply ToMessage(const port::GatewayStatus& status);

// How many devices are in which state.
void AddHearing(const std::vector<port::DeviceHearing>& devices,
                commons::v1::GetStatusReply& status);

port::CellFilter FromMessage(const commons::v1::CellFilter& message);
port::QuarantineFilter FromMessage(const commons::v1::QuarantineFilter& message);

}  // namespace gateway::admin
