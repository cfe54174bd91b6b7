// The raw form of the Smart Citizen Kit, which looks like JSON and is not:
//
//   {t:2017-03-24T13:35:14Z,29:48.45,13:66,12:28,10:4.45}
//
// `t` is when, the other keys are numbers of sensors. Pure.
#pragma once

#include <string_view>

#include "gateway/ingest/fields.h"
#include "gateway/port/door.h"

namespace gateway::ingest {

// Fills `fields` with views into `payload`: the time as text, the readings as numbers, `null` and a
// printf's nan or inf as null. Read strictly: no blanks, no empty value, no key twice, at most
// kFieldsMax of them; blanks around the whole are allowed.
// Returns kAdmitted, or kOversized or kMalformed with `fields` cleared.
port::DoorCode ReadSck(std::string_view payload, Fields& fields);

}  // namespace gateway::ingest
