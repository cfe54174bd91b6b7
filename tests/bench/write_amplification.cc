// Bench `store.write_amplification`: bytes that this process made the kernel write to the device
// (write_bytes less cancelled_write_bytes of /proc/self/io, in whole pages) per byte of MQTT
// payload: 500 devices, one message each every 10 s, one hour of simulated time, in which the syncs
// fall too. Beside it the same payloads, one row each, in RocksDB alone, with the same syncs.
// The folder (TMPDIR) must be on a disk: of a tmpfs the kernel counts nothing.
#include <rocksdb/db.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/pipeline/block_log.h"
#include "gateway/store/journal.h"

namespace gateway::bench {
namespace {

constexpr int kDevices = 500;
constexpr int kSeconds = 3600;
constexpr int kCadence = 10;
constexpr int kPerSecond = kDevices / kCadence;
constexpr int kCheckpointSeconds = 60;
constexpr int64_t kMessages = int64_t{kPerSecond} * kSeconds;
constexpr Time kStart{Millis{1'763'000'000'000}};

int64_t DeviceBytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  int64_t bytes = 0;
  int64_t sum = 0;
  while (io >> name >> bytes) {
    if (name == "write_bytes:") sum += bytes;
    if (name == "cancelled_write_bytes:") sum -= bytes;
  }
  return sum;
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "write_bench.XXXXXX").string();
    GW_CHECK(::mkdtemp(name.data()) != nullptr);
    root_ = name;
  }
  ~Folder() { std::filesystem::remove_all(root_); }
  std::string dir() const { return (root_ / "db").string(); }

 private:
  std::filesystem::path root_;
};

// Runs `message` for each in its simulated second and `second` at the end of each.
void Hour(const std::function<void(int device, Time at)>& message,
          const std::function<void(int second)>& second) {
  for (int at = 0; at < kSeconds; ++at) {
    for (int i = 0; i < kPerSecond; ++i) {
      message((at % kCadence) * kPerSecond + i, kStart + std::chrono::seconds(at));
    }
    second(at + 1);
  }
}

// Journal, blocks and checkpoints as the pipeline has them. Returns the bytes written.
int64_t Ours(int sync_seconds) {
  const Folder folder;
  auto db = store::Database::Open(folder.dir());
  GW_CHECK(db.ok());
  auto vault = store::Vault::Open(
      **db, *crypto::SecretKey::FromBytes(std::string(crypto::SecretKey::kBytes, 'm')));
  GW_CHECK(vault.ok());
  auto journal = store::Journal::Open(**vault, 0);
  GW_CHECK(journal.ok());
  pipeline::BlockLog blocks(**db, **vault);
  uint64_t trimmed = 0;
  const int64_t before = DeviceBytes();
  Hour(
      [&](int device, Time at) {
        const std::string name = "device-" + std::to_string(device);
        ByteWriter owner;
        owner.U64(0).U64(static_cast<uint64_t>(device));
        const Reading reading{.time = at, .value = 200 + (at.time_since_epoch().count() / 7919) % 50};
        store::JournalEntry entry{.owner = OwnerId::FromBytes(owner.bytes()), .arrival = at};
        entry.items.push_back({(*vault)->SeriesOf(name, "load"), reading});
        GW_CHECK((*journal)->Append(entry, at).ok());
        GW_CHECK(blocks
                     .Append(entry.owner_kind,
                             {.owner = entry.owner,
                              .device = DeviceKey::FromBytes(
                                  (*vault)->RowPseudonym("device", name)),
                              .series = entry.items[0].series},
                             MonthOf(at), reading)
                     .ok());
      },
      [&](int second) {
        if (second % kCheckpointSeconds == 0) {
          store::Batch batch;
          GW_CHECK(blocks.WriteTo(batch).ok() && (*vault)->Commit(batch).ok());
          blocks.Written();
          if ((*journal)->last() > trimmed + 2 * limits::kInflightMax) {
            trimmed = (*journal)->last() - limits::kInflightMax;
            GW_CHECK((*journal)->TrimThrough(trimmed).ok());
          }
        }
        if (second % sync_seconds == 0) GW_CHECK((*db)->Sync().ok());
      });
  GW_CHECK((*db)->Close().ok());
  return DeviceBytes() - before;
}

int64_t Bare(int sync_seconds, std::size_t payload_bytes) {
  const Folder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* opened = nullptr;
  GW_CHECK(rocksdb::DB::Open(options, folder.dir(), &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::string payload(payload_bytes, 'x');
  uint64_t row = 0;
  const int64_t before = DeviceBytes();
  Hour([&](int, Time) { GW_CHECK(db->Put({}, ByteWriter().U64(++row).Take(), payload).ok()); },
       [&](int second) {
         if (second % sync_seconds == 0) GW_CHECK(db->SyncWAL().ok());
       });
  GW_CHECK(db->Close().ok());
  return DeviceBytes() - before;
}

void Run() {
  GW_CHECK(crypto::InitCrypto().ok());
  for (const int sync_seconds : {1, 5}) {
    const int64_t ours = Ours(sync_seconds);
    for (const std::size_t payload : {120u, 12u}) {
      const auto total = static_cast<double>(kMessages * static_cast<int64_t>(payload));
      const int64_t bare = Bare(sync_seconds, payload);
      if (ours <= 0 || bare <= 0) {
        std::fprintf(stderr, "store.write_amplification: the kernel counted nothing here: the run "
                             "does not count; set TMPDIR to a folder on a disk\n");
        std::exit(1);
      }
      std::printf(
          "{\"bench\":\"store.write_amplification\",\"value\":%.2f,\"unit\":\"device bytes per "
          "payload byte\",\"baseline\":%.2f,\"baseline_name\":\"RocksDB, one row each\","
          "\"ratio\":%.3f,\"params\":{\"payload_bytes\":%zu,\"sync_s\":%d,\"devices\":%d,"
          "\"cadence_s\":%d,\"simulated_s\":%d,\"checkpoint_s\":%d,\"device_bytes\":%lld,"
          "\"counter\":\"write_bytes - cancelled_write_bytes of /proc/self/io\"}}\n",
          static_cast<double>(ours) / total, static_cast<double>(bare) / total,
          static_cast<double>(ours) / static_cast<double>(bare), payload, sync_seconds, kDevices,
          kCadence, kSeconds, kCheckpointSeconds, static_cast<long long>(ours));
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace gateway::bench

int main() {
  gateway::bench::Run();
  return 0;
}
