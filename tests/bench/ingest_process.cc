// Bench `ingest.rss_*` and `ingest.start_*`: what a whole `commonsd` takes. Memory: the largest VmRSS
// of /proc/PID/status, idle, at 1 000 messages a second of 200 series and of 20 000. Start: from exec
// until the broker has confirmed every subscription. Both against a process of a Paho subscriber that
// does nothing, at the same broker under the same load.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/crypto/hash.h"
#include "tests/bench/ingest_subscribers.h"
#include "tests/unit/ingest/mosquitto.h"

namespace gateway::bench {
namespace {

constexpr int kFew = 200;
constexpr int kMany = 20'000;
constexpr int kStarts = 5;
constexpr int kIdleSeconds = 3;
constexpr int kPerSecond = 1'000;
constexpr int kBusySeconds = 25;  // so that each of the many series is heard
constexpr char kSubscribed[] = "subscribed";  // in the line that says so, of either program

// A program whose stderr says when it is subscribed.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command) : began_(Steady::now()) {
    int pipe[2];
    GW_CHECK(::pipe2(pipe, O_CLOEXEC) == 0);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    GW_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      dup2(pipe[1], STDERR_FILENO);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    ::close(pipe[1]);
    err_ = pipe[0];
    WaitUntilSubscribed();
  }
  ~Process() {
    ::close(err_);
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  double start_ms() const { return 1e3 * Seconds(subscribed_ - began_); }
  double RssMib() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
      long kb = 0;
      if (std::sscanf(line.c_str(), "VmRSS: %ld", &kb) == 1) return static_cast<double>(kb) / 1024;
    }
    GW_CHECK(false && "the process is gone");
  }

 private:
  void WaitUntilSubscribed() {
    std::string said;
    char bytes[512];
    while (said.find(kSubscribed) == std::string::npos) {
      const ssize_t got = ::read(err_, bytes, sizeof(bytes));
      if (got <= 0) std::fprintf(stderr, "%s", said.c_str());
      GW_CHECK(got > 0);
      said.append(bytes, static_cast<std::size_t>(got));
    }
    subscribed_ = Steady::now();
  }

  const Steady::time_point began_;
  Steady::time_point subscribed_;
  pid_t pid_ = -1;
  int err_ = -1;
};

void SleepSeconds(double seconds) {
  const auto nanos = static_cast<long>(seconds * 1e9);
  const timespec nap{nanos / 1'000'000'000, nanos % 1'000'000'000};
  nanosleep(&nap, nullptr);
}

// The directory of a commonsd over the street's store.
std::string Directory(const Street& street, const std::string& broker) {
  const std::string dir = street.root().string();
  const auto write = [&](const std::string& name, const std::string& text) {
    GW_CHECK(WriteFile(dir + "/" + name, text, FileMode::kPrivate, IfExists::kReplace).ok());
  };
  write("mode", "live\n");
  const std::string secret = crypto::Blake2b256(street.master());  // as the fixture's keyslot has it
  write("key", "commons-keyslot-v1 x25519 " + HexEncode(secret) + "\n");
  write("commonsd.yaml", Format("schema: commonsd/1\ngateway: gw-a\nbroker: %s\nkey_file: %s/key\n"
                                "profiles: %s/gateway/ingest/profiles\n",
                                broker, dir, GATEWAY_SOURCE_DIR));
  return dir;
}

struct Memory {
  double idle = 0;
  double busy = 0;
};

Memory Watch(const Process& process, const Street& street, const ingest::Mosquitto& broker) {
  Memory most;
  for (int i = 0; i < 10 * kIdleSeconds; ++i) {
    SleepSeconds(0.1);
    most.idle = std::max(most.idle, process.RssMib());
  }
  ingest::Publisher publisher(broker.port());
  auto next = Steady::now();
  for (int i = 0; i < kPerSecond * kBusySeconds; ++i) {
    next += std::chrono::microseconds(1'000'000 / kPerSecond);
    if (const double left = Seconds(next - Steady::now()); left > 0) SleepSeconds(left);
    const Message message = street.MessageOf(i);
    publisher.Publish(message.topic, message.payload);
    if (i % 100 == 0) most.busy = std::max(most.busy, process.RssMib());
  }
  return most;
}

void Compare(const std::string& self, const std::string& daemon, int series) {
  const Street street(series, Payload::kJson);
  std::vector<double> ours, null;
  Memory memory[2];
  for (int turn = 0; turn < 2 * kStarts; ++turn) {
    ingest::Mosquitto broker;
    broker.Start();
    const bool nobodys = turn % 2 == 1;
    const Process process(
        nobodys ? std::vector<std::string>{self, "null", broker.uri()}
                : std::vector<std::string>{daemon, "--dir", Directory(street, broker.uri())});
    (nobodys ? null : ours).push_back(process.start_ms());
    if (turn < 2) memory[turn] = Watch(process, street, broker);
  }
  const std::string about = "process of a Paho subscriber that does nothing";
  const std::string of = "\"series\":" + std::to_string(series);
  const auto rss = [&](const std::string& name, double value, double baseline, int rate) {
    Print("ingest.rss_" + name, value, "MiB", baseline, about.c_str(), value / baseline,
          of + Format(R"(,"messages_per_s":%d,"seconds":%d)", rate,
                      rate == 0 ? kIdleSeconds : kBusySeconds));
  };
  rss(Format("idle_%d", series), memory[0].idle, memory[1].idle, 0);
  rss(Format("busy_%d", series), memory[0].busy, memory[1].busy, kPerSecond);
  const auto [low, high] = std::ranges::minmax(ours);
  Print(Format("ingest.start_%d", series), Median(ours), "ms", Median(null), about.c_str(),
        Median(ours) / Median(null),
        of + Format(R"(,"starts":%d,"min_ms":%.1f,"max_ms":%.1f)", kStarts, low, high));
}

int Null(const std::string& uri) {
  const NullSubscriber subscriber(uri, "null", [] {});
  std::fprintf(stderr, "%s\n", kSubscribed);
  for (;;) ::pause();
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[1] == "null") return Null(arguments[2]);
  SetLogLevel(LogLevel::kError);
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string daemon = self.parent_path() / "commonsd";
  for (const int series : {kFew, kMany}) Compare(self, daemon, series);
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main(int argc, char** argv) { return gateway::bench::Run({argv, argv + argc}); }
