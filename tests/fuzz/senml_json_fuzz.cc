// SenML in JSON. What is accepted is JSON to another parser too, and its records, written as a pack,
// are read as themselves.
#include <nlohmann/json.hpp>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/senml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static auto* const reader = new gateway::ingest::SenmlReader();
  const std::string_view payload = gateway::fuzz::Bytes(data, size);
  std::vector<gateway::ingest::SenmlRecord> records;
  if (reader->ReadJson(payload, records) == gateway::port::DoorCode::kAdmitted) {
    GW_CHECK(nlohmann::json::accept(payload));
    gateway::fuzz::CheckPack(records);
  } else {
    GW_CHECK(records.empty());
  }
  return 0;
}
