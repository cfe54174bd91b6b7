// Bench `federation.query`: one question to three gateways with 30 days of two share rules each,
// from the first handshake to the last verified cell, against a plain gRPC server that streams the
// same bytes to a client that only reads them; and how long a question of one day takes. Both sides
// open a new mutual TLS connection each time, as `commons query` does, and take turns.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/federation/asker.h"
#include "gateway/federation/server.h"
#include "gateway/federation/tls.h"
#include "gateway/model/limits.h"
#include "gateway/policy/query.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::bench {
namespace {

using commons::v1::QueryReply;
using pipeline::At;

constexpr int kGateways = 3;
constexpr int kDays = 30;
constexpr int kHouseholds = 5;
constexpr int kCellsPerDay = 24 + 1;  // an hourly rule and a daily one
constexpr int kPairs = 31;
constexpr int kOneDayPairs = 300;
constexpr std::chrono::milliseconds kPatience{20'000};
constexpr std::chrono::hours kDay{24};

using Steady = std::chrono::steady_clock;
using Replies = std::vector<QueryReply>;

double MillisSince(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

crypto::TlsIdentity NewIdentity() {
  const auto secret = crypto::SecretKey::Random();
  GW_CHECK(secret.ok());
  const auto identity = crypto::MakeTlsIdentity(*secret);
  GW_CHECK(identity.ok());
  return *identity;
}

// A gateway with its store and its federation's door. It has no rules yet: they name its port.
class Gateway {
 public:
  explicit Gateway(const std::string& id) : commons_(pipeline::Commons::WithoutRules{id}) {
    const auto tls = commons_.gateway().tls_identity();
    GW_CHECK(tls.ok());
    tls_ = *tls;
    auto server = federation::FederationServer::Start({.listen = "127.0.0.1:0",
                                                       .gateway = GatewayId(id),
                                                       .software = "bench",
                                                       .tls = &tls_,
                                                       .signer = &commons_.gateway().signer(),
                                                       .cells = &commons_.gateway(),
                                                       .clock = &real_clock_});
    GW_CHECK(server.ok());
    server_ = *std::move(server);
  }
  ~Gateway() { server_->Stop(); }

  std::string RosterLine() {
    const auto keys = commons_.gateway().GetKeys();
    GW_CHECK(keys.ok());
    return Format("  - {id: %s, zone: north, address: \"127.0.0.1:%d\", tls: [\"%s\"], "
                  "sign: \"%s\", log: \"%s\"}\n",
                  keys->gateway, server_->port(), crypto::FormatPin(keys->tls),
                  crypto::FormatPublicKey(keys->sign), crypto::FormatPublicKey(keys->log));
  }

  void Fill(const std::string& roster, Time first) {
    GW_CHECK(commons_.Activate({{crypto::kCharterType, commons_.CharterYaml()},
                                {crypto::kPolicyType, commons_.PolicyYaml(3)},
                                {crypto::kRosterType, roster}})
                 .ok());
    std::vector<pipeline::Member> members;
    for (int i = 0; i < kHouseholds; ++i) {
      members.push_back(commons_.Join("flat-" + std::to_string(i)));
    }
    for (int day = 0; day < kDays; ++day) {
      for (const pipeline::Member& member : members) {
        commons_.SendDay(member, FormatTime(first + day * kDay), 100 + day);
      }
    }
    const auto decided = commons_.gateway().AdvanceClock(first + (kDays + 3) * kDay);
    GW_CHECK(decided.ok() && *decided == kDays);
  }

 private:
  const RealClock real_clock_;
  pipeline::Commons commons_;
  crypto::TlsIdentity tls_;
  std::unique_ptr<federation::FederationServer> server_;
};

// Streams what it is told to, whatever is asked.
class PlainServer final : public commons::v1::Federation::Service {
 public:
  explicit PlainServer(std::string client_pin) {
    grpc::ServerBuilder builder;
    const auto known = [pin = std::move(client_pin)](std::string_view its) { return its == pin; };
    builder.AddListeningPort("127.0.0.1:0", federation::ServerTls(tls_, known), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    GW_CHECK(server_ != nullptr);
  }
  ~PlainServer() override { server_->Shutdown(); }

  grpc::Status Query(grpc::ServerContext*, const commons::v1::QueryRequest*,
                     grpc::ServerWriter<QueryReply>* writer) override {
    for (const QueryReply& reply : *replies) writer->Write(reply);
    return grpc::Status::OK;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& pin() const { return tls_.pin; }

  const Replies* replies = nullptr;  // set between calls

 private:
  const crypto::TlsIdentity tls_ = NewIdentity();
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

crypto::Signer NewSigner() {
  GW_CHECK(crypto::InitCrypto().ok());
  auto signer = crypto::Signer::Generate();
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

// The city: asks, and reads what a server streams.
class City {
 public:
  std::string RosterLine() const {
    return Format("  - {id: city-hall, kind: municipality, tls: [\"%s\"], request: [\"%s\"]}\n",
                  crypto::FormatPin(tls_.pin), crypto::FormatPublicKey(signer_.public_key()));
  }
  const std::string& pin() const { return tls_.pin; }
  void SetRoster(const std::string& yaml) {
    auto roster = policy::ParseRoster(yaml);
    GW_CHECK(roster.ok());
    roster_ = *std::move(roster);
  }

  // Asks the first gateway, which passes the question on. Returns the milliseconds it took.
  double Ask(const std::optional<Window>& window, int cells_expected) const {
    const auto start = Steady::now();
    const auto opener = crypto::BoxKey::Generate();
    GW_CHECK(opener.ok());
    auto [query, envelope] = Question(window, opener->public_key());
    const federation::AskOutcome outcome =
        federation::Ask(roster_.gateways.front(), tls_, envelope,
                        federation::AskedOf(std::move(query), roster_, {}), *opener, kPatience);
    const double took = MillisSince(start);
    GW_CHECK(outcome.link.ok());
    for (const federation::CoverageRow& row : outcome.merged.coverage) {
      GW_CHECK(row.status == federation::Coverage::kAnswered);
    }
    GW_CHECK(outcome.merged.cells.size() == static_cast<std::size_t>(cells_expected));
    return took;
  }

  // The same question, its sealed replies kept instead of opened.
  Replies Record(const std::optional<Window>& window) const {
    const auto opener = crypto::BoxKey::Generate();
    GW_CHECK(opener.ok());
    const policy::RosterGateway& via = roster_.gateways.front();
    Replies replies = Read(via.address, via.tls, Question(window, opener->public_key()).second);
    GW_CHECK(replies.size() >= kGateways);
    for (const QueryReply& reply : replies) GW_CHECK(!reply.sealed().empty());
    return replies;
  }

  double ReadPlain(PlainServer& server, const Replies& replies) const {
    server.replies = &replies;
    const auto start = Steady::now();
    const Replies read = Read(server.address(), {server.pin()}, "");
    const double took = MillisSince(start);
    GW_CHECK(read.size() == replies.size());
    return took;
  }

 private:
  std::pair<policy::Query, std::string> Question(const std::optional<Window>& window,
                                                 const std::string& answer_pk) const {
    policy::Query query;
    query.commons = "testville";
    query.question.purpose = "official-stats";
    if (window.has_value()) {
      query.question.from = window->start;
      query.question.until = window->end;
    }
    query.nonce = crypto::RandomBytes(16);
    query.issued = clock_.SystemNow();
    query.expires = query.issued + std::chrono::minutes(4);
    query.answer_pk = answer_pk;
    const auto payload = policy::BuildQuery(query);
    GW_CHECK(payload.ok());
    query.hash = crypto::Blake2b256(*payload);
    return {query, policy::SignQuery(*payload, signer_)};
  }

  Replies Read(const std::string& address, std::vector<std::string> pins,
               const std::string& envelope) const {
    const auto stub = commons::v1::Federation::NewStub(
        federation::PinnedChannel(address, tls_, std::move(pins)));
    commons::v1::QueryRequest request;
    request.set_envelope(envelope);
    request.set_hops(limits::kHopsMax);
    grpc::ClientContext context;
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                      gpr_time_from_seconds(60, GPR_TIMESPAN)));
    const auto reader = stub->Query(&context, request);
    Replies replies;
    for (QueryReply reply; reader->Read(&reply);) replies.push_back(std::move(reply));
    GW_CHECK(reader->Finish().ok());
    return replies;
  }

  const RealClock clock_;
  const crypto::Signer signer_ = NewSigner();
  const crypto::TlsIdentity tls_ = NewIdentity();
  policy::Roster roster_;
};

// `part` of 100: nearest rank.
double Percentile(std::vector<double> values, std::size_t part) {
  std::sort(values.begin(), values.end());
  return values[(values.size() * part + 99) / 100 - 1];
}

std::size_t BytesOf(const Replies& replies) {
  std::size_t bytes = 0;
  for (const QueryReply& reply : replies) bytes += reply.ByteSizeLong();
  return bytes;
}

struct Turns {
  std::vector<double> ours, plain;  // milliseconds
};

// Both, in turns; who goes first alternates.
void Take(Turns& turns, const City& city, PlainServer& server,
          const std::optional<Window>& window, const Replies& replies, int cells) {
  const bool ours_first = turns.ours.size() % 2 == 0;
  if (ours_first) turns.ours.push_back(city.Ask(window, cells));
  turns.plain.push_back(city.ReadPlain(server, replies));
  if (!ours_first) turns.ours.push_back(city.Ask(window, cells));
}

void RunWhole(const City& city, PlainServer& server) {
  const int cells = kGateways * kDays * kCellsPerDay;
  const Replies replies = city.Record(std::nullopt);
  Turns turns;
  std::vector<double> ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    Take(turns, city, server, std::nullopt, replies, cells);
    ratios.push_back(turns.plain.back() / turns.ours.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"federation.query\",\"value\":%.0f,\"unit\":\"cells/s\",\"baseline\":%.0f,"
      "\"baseline_name\":\"gRPC over mutual TLS streaming the same bytes, unread\","
      "\"ratio\":%.3f,\"params\":{\"gateways\":%d,\"days\":%d,\"rules\":2,\"cells\":%d,"
      "\"bytes\":%zu,\"replies\":%zu,\"pairs\":%d,\"ms\":%.2f,\"baseline_ms\":%.2f,"
      "\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"connection\":\"new each time\"}}\n",
      cells * 1000 / Percentile(turns.ours, 50), cells * 1000 / Percentile(turns.plain, 50),
      Percentile(ratios, 50), kGateways, kDays, cells, BytesOf(replies), replies.size(), kPairs,
      Percentile(turns.ours, 50), Percentile(turns.plain, 50), *low, *high);
}

void RunOneDay(const City& city, PlainServer& server, Time first) {
  std::vector<Window> days;
  std::vector<Replies> replies;
  for (int day = 0; day < kDays; ++day) {
    days.push_back({first + day * kDay, first + (day + 1) * kDay});
    replies.push_back(city.Record(days.back()));
  }
  Turns turns;
  for (int i = 0; i < kOneDayPairs; ++i) {
    const auto day = static_cast<std::size_t>(i % kDays);
    Take(turns, city, server, days[day], replies[day], kGateways * kCellsPerDay);
  }
  for (const std::size_t part : {50u, 99u}) {
    const double ours = Percentile(turns.ours, part), plain = Percentile(turns.plain, part);
    std::printf(
        "{\"bench\":\"federation.query.one_day.p%zu\",\"value\":%.2f,\"unit\":\"ms\","
        "\"baseline\":%.2f,"
        "\"baseline_name\":\"gRPC over mutual TLS streaming the same bytes, unread\","
        "\"ratio\":%.3f,\"params\":{\"gateways\":%d,\"days_stored\":%d,\"rules\":2,\"cells\":%d,"
        "\"bytes\":%zu,\"questions\":%d,\"connection\":\"new each time\"}}\n",
        part, ours, plain, ours / plain, kGateways, kDays, kGateways * kCellsPerDay,
        BytesOf(replies.front()), kOneDayPairs);
  }
}

int Run() {
  SetLogLevel(LogLevel::kError);
  City city;
  std::vector<std::unique_ptr<Gateway>> gateways;
  std::string roster =
      "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways:\n";
  for (const char* id : {"gw-a", "gw-b", "gw-c"}) {
    gateways.push_back(std::make_unique<Gateway>(id));
    roster += gateways.back()->RosterLine();
  }
  roster += "parties:\n" + city.RosterLine();
  city.SetRoster(roster);
  const Time first = At("2013-01-14T00:00:00Z");
  for (const auto& gateway : gateways) gateway->Fill(roster, first);
  PlainServer server(city.pin());
  RunWhole(city, server);
  RunOneDay(city, server, first);
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
