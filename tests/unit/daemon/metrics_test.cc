#include "gateway/daemon/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/daemon/loopback.h"
#include "gateway/daemon/metrics_server.h"

namespace gateway::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(LoopbackTest, TakesAddressesOfThisMachineOnly) {
  for (const char* const text : {"127.0.0.1:9464", "127.9.8.7:1", "[::1]:9464", "127.0.0.1:0"}) {
    EXPECT_TRUE(ParseLoopback(text).ok()) << text;
  }
  for (const char* const text :
       {"0.0.0.0:9464", "192.168.1.2:9464", "[::]:9464", "[::ffff:192.0.2.1]:9464", "localhost:9464",
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:9464x", "127.1:9464", ":9464",
        "9464", "", "::1:9464"}) {
    const auto refused = ParseLoopback(text);
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("ssh -L")) << text;
  }
}

Metrics Some() {
  Metrics metrics;
  metrics.figures.intake = {.received = 7,
                            .waiting = 2,
                            .late = 1,
                            .retried = 1,
                            .counts = {{"stored", "", 5}, {"denied", "retained", 0}}};
  metrics.figures.journaled = 9;
  metrics.figures.gauges.folded = 4;
  metrics.process.cpu = Millis(1050);
  metrics.version = "1.2.3";
  return metrics;
}

TEST(MetricsTest, SaysEveryFigureWithTypeAndHelp) {
  const std::string text = MetricsText(Some());
  EXPECT_THAT(text, StartsWith("# HELP commons_observations_received_total "));
  for (const char* const line :
       {"# TYPE commons_observations_total counter\n",
        "commons_observations_total{outcome=\"stored\",reason=\"\"} 5\n",
        "commons_observations_total{outcome=\"denied\",reason=\"retained\"} 0\n",
        "commons_observations_waiting 2\n", "commons_journal_entries_unfolded 5\n",
        "commons_quarantine_removed_total{reason=\"displaced\"} 0\n", "commons_clock_sound 1\n",
        "process_cpu_seconds_total 1.050\n", "commons_build_info{version=\"1.2.3\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, SaysNothingOfWhatIsNotKnown) {
  Metrics metrics = Some();
  EXPECT_THAT(MetricsText(metrics), Not(HasSubstr("commons_devices")));
  EXPECT_THAT(MetricsText(metrics), Not(HasSubstr("messages_dropped")));
  metrics.devices = {{"stopped", 3}, {"-", 2}};
  metrics.broker = port::BrokerState{.connected = true, .warnings = {"w"}, .dropped = 8};
  EXPECT_THAT(MetricsText(metrics), HasSubstr("commons_devices{state=\"ok\"} 0\n"
                                              "commons_devices{state=\"stopped\"} 3\n"));
  EXPECT_THAT(MetricsText(metrics), HasSubstr("commons_devices{state=\"unscheduled\"} 2\n"));
  EXPECT_THAT(MetricsText(metrics), HasSubstr("commons_broker_messages_dropped_total 8\n"));
}

class Client {
 public:
  explicit Client(const std::string& address) {
    const auto to = ParseLoopback(address);
    EXPECT_TRUE(to.ok());
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to->address), to->size), 0);
  }
  ~Client() { close(fd_); }
  std::string Ask(std::string_view request) {
    EXPECT_EQ(send(fd_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t size; (size = recv(fd_, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(size));
    }
    return answer;
  }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

std::unique_ptr<MetricsServer> MustStart(std::function<std::string()> text) {
  auto server = MetricsServer::Start(*ParseLoopback("127.0.0.1:0"), std::move(text));
  EXPECT_TRUE(server.ok()) << Message(server.status());
  return *std::move(server);
}

TEST(MetricsServerTest, AnswersOnePathAndOneMethod) {
  const auto server = MustStart([] { return std::string(200'000, 'x'); });
  const std::string answer = Client(server->address()).Ask("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_THAT(answer.substr(0, 200), StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; "
                                                "version=0.0.4; charset=utf-8\r\n"
                                                "Content-Length: 200000\r\n"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 200'000u);
  EXPECT_THAT(Client(server->address()).Ask("GET / HTTP/1.1\r\n\r\n"), HasSubstr(" 404 "));
  EXPECT_THAT(Client(server->address()).Ask("GET /metricsx HTTP/1.1\r\n\r\n"), HasSubstr(" 404 "));
  EXPECT_THAT(Client(server->address()).Ask("POST /metrics HTTP/1.1\r\n\r\n"), HasSubstr(" 405 "));
}

TEST(MetricsServerTest, ARequestThatIsTooLongIsAnsweredWithoutReadingItAll) {
  const auto server = MustStart([] { return std::string("x"); });
  EXPECT_THAT(Client(server->address()).Ask("GET /" + std::string(8 << 10, 'y')),
              HasSubstr(" 404 "));
  EXPECT_THAT(Client(server->address()).Ask("GET /metrics HTTP/1.1\r\n\r\n"), HasSubstr(" 200 "));
}

TEST(MetricsServerTest, AnAddressThatIsTakenIsRefused) {
  const auto server = MustStart([] { return std::string(); });
  const auto second =
      MetricsServer::Start(*ParseLoopback(server->address()), [] { return std::string(); });
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(second.status())), HasSubstr(server->address()));
}

// Lets the process open as many files as it has and `more`.
class FewFiles {
 public:
  explicit FewFiles(int more) {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The lowest free one; none above it may be open, or it would be more than one.
    const int next = dup(0);
    close(next);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next + more);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(MetricsServerTest, WithoutADescriptorItWaitsAndAnswersOnceThereIsOneAgain) {
  const auto server = MustStart([] { return std::string("x"); });
  auto few = std::make_unique<FewFiles>(1);
  Client client(server->address());  // takes the last; it waits in the listener's queue
  EXPECT_LT(dup(0), 0);
  few.reset();
  EXPECT_THAT(client.Ask("GET /metrics HTTP/1.1\r\n\r\n"), HasSubstr(" 200 "));
}

TEST(MetricsServerTest, EndsThoughNoDescriptorIsLeft) {
  auto server = MustStart([] { return std::string("x"); });
  const FewFiles few(1);
  const Client client(server->address());
  server.reset();
}

TEST(MetricsServerTest, EndsThoughAClientSaysNothing) {
  auto server = MustStart([] { return std::string(); });
  const Client silent(server->address());
  server.reset();
}

}  // namespace
}  // namespace gateway::daemon
