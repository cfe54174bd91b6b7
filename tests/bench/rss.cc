// Bench `store.rss`: memory of a process with the store (keys, journal, blocks, checkpoints) while
// 500 devices send a reading every 10 s for an hour of simulated time, as fast as it goes, against
// the same of a process with RocksDB alone, opened in the same options, that writes as many rows of
// the same sizes. Largest VmRSS and RssAnon of /proc/self/status, looked at every simulated minute.
#include <rocksdb/write_batch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/model/limits.h"
#include "tests/bench/store_bench.h"
#include "tests/support/prng.h"

namespace gateway::bench {
namespace {

constexpr int kDevices = 500;
constexpr int kCadenceSeconds = 10;
constexpr int kMinutes = 60;
constexpr int kRoundsPerMinute = 60 / kCadenceSeconds;
constexpr Time kStart{Millis{1'763'000'000'000}};
// What the journal's row of one reading takes, and a checkpoint's smallest row of a device.
constexpr std::size_t kJournalValueBytes = 100;
constexpr std::size_t kBlockKeyBytes = 44;
constexpr std::size_t kBlockValueBytes = 126;

struct Memory {
  long resident_kb = 0;
  long anonymous_kb = 0;
};

void Look(Memory& most) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    long kb = 0;
    if (std::sscanf(line.c_str(), "VmRSS: %ld", &kb) == 1) {
      most.resident_kb = std::max(most.resident_kb, kb);
    }
    if (std::sscanf(line.c_str(), "RssAnon: %ld", &kb) == 1) {
      most.anonymous_kb = std::max(most.anonymous_kb, kb);
    }
  }
}

// `message` for each device and round, `checkpoint` every minute.
Memory Hour(const std::function<void(int device, Time at)>& message,
            const std::function<void()>& checkpoint) {
  Memory most;
  for (int minute = 0; minute < kMinutes; ++minute) {
    for (int round = 0; round < kRoundsPerMinute; ++round) {
      const Time at = kStart + std::chrono::minutes(minute) +
                      std::chrono::seconds(round * kCadenceSeconds);
      for (int device = 0; device < kDevices; ++device) message(device, at + Millis(device));
    }
    checkpoint();
    Look(most);
  }
  return most;
}

Memory Ours() {
  GW_CHECK(crypto::InitCrypto().ok());
  const Folder folder;
  Store store(folder.dir());
  std::vector<Measured::Series> series;
  for (int i = 0; i < kDevices; ++i) {
    const std::string name = "device-" + std::to_string(i);
    series.push_back({name, name, "load"});
  }
  testing::Prng prng(1);
  return Hour(
      [&](int device, Time at) {
        const Measured::Series& its = series[static_cast<std::size_t>(device)];
        const Reading reading{.time = at, .value = prng.Between(200, 300)};
        store::JournalEntry entry{.owner = store.OwnerOf(its.owner), .arrival = at};
        entry.items.push_back({store.vault().SeriesOf(its.device, its.metric), reading});
        GW_CHECK(store.journal().Append(entry, at).ok());
        store.Append(its, reading);
      },
      [&] { store.Checkpoint(); });
}

Memory Bare() {
  const Folder folder;
  BareRocks rocks(folder.dir());
  testing::Prng prng(1);
  uint64_t written = 0, trimmed = 0, checkpoints = 0;
  const auto bytes = [&](std::size_t size) {
    ByteWriter text;
    while (text.bytes().size() < size) text.U64(prng.Next());
    return text.Take().substr(0, size);
  };
  const auto put = [&](rocksdb::WriteBatch& batch, std::size_t table, const std::string& key,
                       std::size_t size) {
    GW_CHECK(batch.Put(rocks.table(table), key, bytes(size)).ok());
  };
  return Hour(
      [&](int, Time) {
        rocksdb::WriteBatch batch;
        put(batch, 1, ByteWriter().U64(++written).Take(), kJournalValueBytes);
        GW_CHECK(rocks.db().Write({}, &batch).ok());
      },
      [&] {
        rocksdb::WriteBatch batch;
        ++checkpoints;
        for (uint64_t device = 0; device < kDevices; ++device) {
          std::string key = ByteWriter().U64(device).U64(checkpoints).Take();
          key.resize(kBlockKeyBytes);
          put(batch, 2, key, kBlockValueBytes);
        }
        if (written > trimmed + 2 * limits::kInflightMax) {
          const std::string from = ByteWriter().U64(trimmed + 1).Take();
          trimmed = written - limits::kInflightMax;
          GW_CHECK(batch.DeleteRange(rocks.table(1), from, ByteWriter().U64(trimmed + 1).Take())
                       .ok());
        }
        GW_CHECK(rocks.db().Write({}, &batch).ok());
      });
}

// In a process of its own.
Memory Apart(Memory (*run)()) {
  int pipe[2];
  GW_CHECK(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  GW_CHECK(child >= 0);
  if (child == 0) {
    const Memory memory = run();
    const bool told = ::write(pipe[1], &memory, sizeof(memory)) == sizeof(memory);
    ::_exit(told ? 0 : 1);
  }
  ::close(pipe[1]);
  Memory memory;
  int status = 0;
  GW_CHECK(::read(pipe[0], &memory, sizeof(memory)) == sizeof(memory));
  GW_CHECK(::waitpid(child, &status, 0) == child && status == 0);
  ::close(pipe[0]);
  return memory;
}

int Run() {
  SetLogLevel(LogLevel::kError);
  const Memory ours = Apart(Ours);
  const Memory bare = Apart(Bare);
  const auto mib = [](long kb) { return static_cast<double>(kb) / 1024; };
  std::printf(
      "{\"bench\":\"store.rss\",\"value\":%.1f,\"unit\":\"MiB\",\"baseline\":%.1f,"
      "\"baseline_name\":\"RocksDB alone in the same options\",\"ratio\":%.3f,"
      "\"params\":{\"anonymous_mib\":%.1f,\"baseline_anonymous_mib\":%.1f,\"devices\":%d,"
      "\"cadence_s\":%d,\"simulated_s\":%d,\"arena_mib\":%.1f}}\n",
      mib(ours.resident_kb), mib(bare.resident_kb), mib(ours.resident_kb) / mib(bare.resident_kb),
      mib(ours.anonymous_kb), mib(bare.anonymous_kb), kDevices, kCadenceSeconds, kMinutes * 60,
      mib(static_cast<long>(crypto::kLockedArenaBytes / 1024)));
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
