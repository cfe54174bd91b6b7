// Prints every reading that a stopped gateway keeps, for tests that compare them with what was
// sent. Links the store and nothing above it; the daemon has no such command, on purpose.
//
//   read_store DIR KEYFILE < SERIES
//   read_store --rows DIR KEYFILE
//
// --rows prints "table rows bytes" of every table instead. SERIES: one "device metric" per line.
// Prints "device metric time value", and "unknown series …" for a block of no series that was
// named. Exits 1 if anything does not open.
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/file.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/slot_secret.h"
#include "gateway/crypto/secret.h"
#include "gateway/model/time.h"
#include "gateway/store/block.h"
#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway {
namespace {

constexpr std::size_t kFileBytesMax = 64u << 10;
// u32be month of the readings | owner | series | u32be epoch | u32be part: pipeline/block_log.h.

constexpr std::pair<const char*, store::Table> kTables[] = {
    {"meta", store::Table::kMeta},         {"keys", store::Table::kKeys},
    {"registry", store::Table::kRegistry}, {"journal", store::Table::kJournal},
    {"blocks", store::Table::kBlocks},     {"sheets", store::Table::kSheets},
    {"cells", store::Table::kCells},       {"reasons", store::Table::kReasons},
    {"ledger", store::Table::kLedger},     {"retractions", store::Table::kRetractions},
};

constexpr std::size_t kKeyBytes = 4 + OwnerId::kBytes + DeviceKey::kBytes + 4 + 4;

Status PrintRows(const store::Database& db) {
  for (const auto& [name, table] : kTables) {
    std::size_t rows = 0;
    std::size_t bytes = 0;
    RETURN_IF_ERROR(db.Scan(table, "", "", [&](std::string_view key, std::string_view value) {
      ++rows;
      bytes += key.size() + value.size();
      return true;
    }));
    std::cout << name << ' ' << rows << ' ' << bytes << '\n';
  }
  return OkStatus();
}

Status PrintReadings(const store::Database& db, const store::Vault& vault) {
  std::map<SeriesId, std::string> names;
  std::string device;
  std::string metric;
  while (std::cin >> device >> metric) {
    names.emplace(vault.SeriesOf(device, metric), device + " " + metric);
  }

  Status status = OkStatus();
  RETURN_IF_ERROR(
      db.Scan(store::Table::kBlocks, "", "", [&](std::string_view key, std::string_view value) {
        status = [&]() -> Status {
          if (key.size() != kKeyBytes) {
            return DataLoss("a block's row key has %d bytes, expected %d", key.size(), kKeyBytes);
          }
          ASSIGN_OR_RETURN(const std::string block,
                           vault.OpenRow(store::Table::kBlocks, key, value));
          ASSIGN_OR_RETURN(const std::vector<store::Column> columns, store::DecodeBlock(block));
          for (const store::Column& column : columns) {
            const auto name = names.find(column.series);
            for (const Reading& reading : column.readings) {
              std::cout << (name == names.end() ? "unknown series" : name->second) << ' '
                        << FormatTime(reading.time) << ' ' << reading.value << '\n';
            }
          }
          return OkStatus();
        }();
        return status.ok();
      }));
  RETURN_IF_ERROR(status);
  return OkStatus();
}

Status Print(const std::string& dir, const std::string& key_path, bool rows) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const std::string slots_text, ReadFile(dir + "/keyslots", kFileBytesMax));
  ASSIGN_OR_RETURN(const std::string key_text, ReadFile(key_path, kFileBytesMax));
  ASSIGN_OR_RETURN(const crypto::Keyslots slots, crypto::ParseKeyslots(slots_text));
  ASSIGN_OR_RETURN(const crypto::SecretKey secret, crypto::SecretOfKeyFile(key_text));
  ASSIGN_OR_RETURN(crypto::MasterKeys master, crypto::OpenMasters(slots, secret));
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Database> db, store::Database::Open(dir + "/db"));
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Vault> vault,
                     store::Vault::Open(*db, std::move(master)));
    if (rows) {
      RETURN_IF_ERROR(PrintRows(*db));
    } else {
      RETURN_IF_ERROR(PrintReadings(*db, *vault));
    }
  }
  return db->Close();
}

}  // namespace
}  // namespace gateway

int main(int argc, char** argv) {
  const bool rows = argc == 4 && std::string(argv[1]) == "--rows";
  if (!rows && argc != 3) {
    std::cerr << "usage: read_store [--rows] DIR KEYFILE < SERIES\n";
    return 2;
  }
  const gateway::Status status = gateway::Print(argv[argc - 2], argv[argc - 1], rows);
  if (!status.ok()) {
    std::cerr << "read_store: " << status.ToString() << '\n';
    return 1;
  }
  return 0;
}
