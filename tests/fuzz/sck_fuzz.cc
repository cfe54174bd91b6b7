// The raw form of the Smart Citizen Kit: what is accepted is exactly its fields, written again.
#include <string>

#include "gateway/base/check.h"
#include "gateway/ingest/number_text.h"
#include "gateway/ingest/sck.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  namespace ingest = gateway::ingest;
  const std::string_view payload = gateway::fuzz::Bytes(data, size);
  ingest::Fields fields;
  if (ingest::ReadSck(payload, fields) != gateway::port::DoorCode::kAdmitted) {
    GW_CHECK(fields.fields.empty() && fields.steps.empty());
    return 0;
  }
  GW_CHECK(fields.fields.size() <= ingest::kFieldsMax);
  std::string again;
  for (const ingest::Field& field : fields.fields) {
    GW_CHECK(field.steps == 1 && fields.steps[field.first_step].index == -1);
    GW_CHECK(field.kind != ingest::FieldKind::kNumber || ingest::IsJsonNumber(field.text));
    again += again.empty() ? "{" : ",";
    again += std::string(fields.steps[field.first_step].key) + ":" + std::string(field.text);
  }
  GW_CHECK(again + "}" == ingest::Trim(payload));
  return 0;
}
