#include "gateway/pipeline/block_rows.h"

#include "gateway/base/bytes.h"

namespace gateway::pipeline {

StatusOr<BlockKey> ParseBlockKey(std::string_view key) {
  if (key.size() != BlockKey::kBytes) {
    return DataLoss("block row: a key of %d bytes, not %d", key.size(), BlockKey::kBytes);
  }
  ByteReader in(key);
  BlockKey parsed;
  parsed.month = in.U32();
  parsed.owner = OwnerId::FromBytes(in.Raw(OwnerId::kBytes));
  parsed.device = DeviceKey::FromBytes(in.Raw(DeviceKey::kBytes));
  parsed.epoch = in.U32();
  parsed.part = in.U32();
  return parsed;
}

std::string MonthPrefix(uint32_t month) { return ByteWriter().U32(month).Take(); }

std::string OwnerPrefix(uint32_t month, const OwnerId& owner) {
  return ByteWriter().U32(month).Raw(owner.view()).Take();
}

std::string DevicePrefix(uint32_t month, const OwnerId& owner, const DeviceKey& device) {
  return ByteWriter().U32(month).Raw(owner.view()).Raw(device.view()).Take();
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<uint8_t>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

StatusOr<std::vector<uint32_t>> MonthsOf(const store::Database& database, store::Table table) {
  std::vector<uint32_t> months;
  std::string from;
  for (bool found = true; found;) {
    found = false;
    RETURN_IF_ERROR(database.Scan(table, from, "", [&](std::string_view key, std::string_view) {
      months.push_back(ByteReader(key).U32());
      found = true;
      return false;
    }));
    if (found) from = MonthPrefix(months.back() + 1);
  }
  return months;
}

StatusOr<std::vector<store::Column>> OpenBlock(const store::Vault& vault, std::string_view key,
                                               std::string_view value) {
  ASSIGN_OR_RETURN(const std::string plain, vault.OpenRow(store::Table::kBlocks, key, value));
  return store::DecodeBlock(plain);
}

}  // namespace gateway::pipeline
