// The identifiers of the glossary. Names that people or devices chose are StrongIds and never
// reach the disk in clear; what rows are keyed by are Pseudonyms.
#pragma once

#include "gateway/base/ids.h"

namespace gateway {

using GatewayId = StrongId<struct GatewayTag>;
using HouseholdId = StrongId<struct HouseholdTag>;  // the operator's label, e.g. "flat-12"
using DeviceId = StrongId<struct DeviceTag>;        // as it stands in the topic
using MetricId = StrongId<struct MetricTag>;
using ZoneId = StrongId<struct ZoneTag>;
using RuleId = StrongId<struct RuleTag>;
using PartyId = StrongId<struct PartyTag>;

// Random 16 bytes by which a household is called in documents that residents hold.
using SubjectId = Pseudonym<struct SubjectTag>;
// Keyed BLAKE2b-128 of a subject (or a place): the owner part of a row key.
using OwnerId = Pseudonym<struct OwnerTag>;
// Keyed BLAKE2b-128 of device and metric: the series part of a row key.
using SeriesId = Pseudonym<struct SeriesTag>;

// Keyed BLAKE2b-128 of a device: the device part of a row key.
using DeviceKey = Pseudonym<struct DeviceKeyTag>;

enum class OwnerKind : uint8_t { kGateway = 0, kHousehold = 1, kPlace = 2 };

// Returns whether `text` is an id as documents spell it: [a-z][a-z0-9-]{0,47}.
bool IsDocumentId(std::string_view text);

}  // namespace gateway
