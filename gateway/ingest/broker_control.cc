#include "gateway/ingest/broker_control.h"

#include <mqtt/message.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kRequestTopic[] = "$CONTROL/dynamic-security/v1";
constexpr char kAnswerTopic[] = "$CONTROL/dynamic-security/v1/response";
constexpr std::chrono::seconds kConnectMax{30};
constexpr std::chrono::seconds kCloseMax{3};
constexpr std::chrono::milliseconds kLook{1'000};  // for a change of the registry
constexpr std::size_t kAnswersMax = 8;
constexpr std::size_t kListPageMax = 100;
// Of a role in a list, besides its topics; and for each topic of it besides the topic itself.
constexpr std::size_t kRoleBytes = 128;

constexpr std::string_view kNoPlugin =
    "the broker's dynamic-security plugin does not answer: it must be loaded, and the gateway's own "
    "login must be its administrator (docs/operations.md)";

// Our broker configuration takes twice this.
constexpr std::size_t kRequestBytesMax = limits::kPayloadBytesMax;

// The first of what is left; one that is too large goes alone.
std::vector<std::string> BatchFrom(const std::vector<std::string>& commands, std::size_t i) {
  std::vector<std::string> batch = {commands[i]};
  std::size_t bytes = commands[i].size();
  for (++i; i < commands.size() && batch.size() < limits::kBrokerCommandsMax; ++i) {
    bytes += commands[i].size();
    if (bytes > kRequestBytesMax) break;
    batch.push_back(commands[i]);
  }
  return batch;
}

// So many roles fit into one answer, which must not be larger than a packet may be.
std::size_t PageOf(const std::vector<BrokerLogin>& wanted) {
  std::size_t largest = kRoleBytes;
  for (const BrokerLogin& login : wanted) {
    std::size_t bytes = kRoleBytes;
    for (const std::string& topic : login.topics) bytes += kRoleBytes + topic.size();
    largest = std::max(largest, bytes);
  }
  return std::clamp<std::size_t>(limits::kPacketBytesMax / 2 / largest, 1, kListPageMax);
}

}  // namespace

StatusOr<std::unique_ptr<BrokerControl>> BrokerControl::Start(BrokerControlOptions options) {
  std::unique_ptr<BrokerControl> control(new BrokerControl(std::move(options)));
  std::random_device device;
  control->batch_prefix_ = Format("%08x%08x-", device(), device());
  ASSIGN_OR_RETURN(control->link_,
                   PahoLink::Create(control->options_.broker, control->options_.client_id,
                                    [raw = control.get()](const mqtt::message& message) {
                                      raw->Receive(message.get_topic(), message.get_payload());
                                    }));
  control->thread_ = std::thread([raw = control.get()] { raw->Run(); });
  return control;
}

BrokerControl::~BrokerControl() { Stop(); }

void BrokerControl::Stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  link_->Wake();
  thread_.join();
}

port::BrokerLogins BrokerControl::state() const {
  const MutexLock lock(mutex_);
  return {.made = true, .wanted = wanted_, .present = present_.size(), .problem = problem_};
}

bool BrokerControl::IsAtBroker(std::string_view login) const {
  const MutexLock lock(mutex_);
  return present_.contains(login);
}

void BrokerControl::Run() {
  std::minstd_rand random(std::random_device{}());
  while (!stopping_.load()) {
    Status status = Connect();
    if (status.ok()) status = Serve();
    if (stopping_.load()) break;
    SetProblem(std::string(Message(status)));
    const auto next = SteadyClock::now() + backoff_.Next(static_cast<uint32_t>(random()) << 1);
    while (!stopping_.load() && SteadyClock::now() < next) {
      link_->WaitUntil(next);
      link_->Take();
    }
  }
  link_->Close(kCloseMax);
}

Status BrokerControl::Connect() {
  ASSIGN_OR_RETURN(const Login login, options_.login());
  own_login_ = login.user;
  {
    const MutexLock lock(mutex_);
    answers_.clear();
    present_.clear();  // a broker that we are not connected to may have forgotten everything
  }
  link_->Connect(login, options_.ca_file);
  const auto until = SteadyClock::now() + kConnectMax;
  while (!stopping_.load() && SteadyClock::now() < until) {
    for (const LinkEvent& event : link_->Take()) {
      switch (event.kind) {
        case LinkEvent::Kind::kConnected:
          link_->Subscribe(1, kAnswerTopic, false);
          break;
        case LinkEvent::Kind::kAnswered:
          if (event.reason < 0x80) return OkStatus();
          return FailedPrecondition("%s", kNoPlugin);
        case LinkEvent::Kind::kFailed:
        case LinkEvent::Kind::kLost:
          return Unavailable("no connection to the broker to make logins; will try again");
        case LinkEvent::Kind::kMarkerRefused:
          break;
      }
    }
    link_->WaitUntil(until);
  }
  return Unavailable("the broker does not answer; will try again");
}

Status BrokerControl::Serve() {
  std::shared_ptr<const port::AdmissionTable> done;
  std::optional<BrokerHas> has;  // once asked: nobody else changes what is the gateway's
  while (!stopping_.load()) {
    std::shared_ptr<const port::AdmissionTable> table = options_.intake->admissions();
    if (table != done) {
      RETURN_IF_ERROR(Sync(*table, has));
      done = std::move(table);
    }
    link_->WaitUntil(SteadyClock::now() + kLook);
    for (const LinkEvent& event : link_->Take()) {
      if (event.kind == LinkEvent::Kind::kLost) return Unavailable("the broker has gone");
    }
  }
  return OkStatus();
}

Status BrokerControl::Sync(const port::AdmissionTable& table, std::optional<BrokerHas>& has) {
  const std::vector<BrokerLogin> wanted = options_.logins(table);
  if (!has.has_value()) RETURN_IF_ERROR(ListAll(wanted, has.emplace()));
  Publish(wanted, *has);
  const std::vector<std::string> commands = PlanCommands(wanted, *has);
  std::size_t refused = 0;
  std::string first;  // of the refusals; the commands after it are still worth asking for
  for (std::size_t i = 0; i < commands.size() && !stopping_.load();) {
    const std::vector<std::string> batch = BatchFrom(commands, i);
    i += batch.size();
    BrokerHas ignored;
    ASSIGN_OR_RETURN(const BrokerAnswer answer, Ask(batch, ignored));
    if (first.empty() && !answer.errors.empty()) first = answer.errors.front();
    refused += answer.errors.size();
  }
  if (stopping_.load()) return OkStatus();
  if (refused > 0) {
    return FailedPrecondition("the broker refused %d of %d commands (%s); will try again", refused,
                              commands.size(), first);
  }
  has = AsWanted(wanted);
  Publish(wanted, *has);
  SetProblem("");
  backoff_.Reset();
  return OkStatus();
}

Status BrokerControl::ListAll(const std::vector<BrokerLogin>& wanted, BrokerHas& has) {
  RETURN_IF_ERROR(Ask({GetDefaults()}, has).status());
  const std::size_t page = PageOf(wanted);
  for (const auto& list : {&ListRoles, &ListClients}) {
    for (std::size_t offset = 0, total = 1; offset < total;) {
      ASSIGN_OR_RETURN(const BrokerAnswer answer, Ask({list(offset, page)}, has));
      if (answer.listed == 0) break;
      offset += answer.listed;
      total = answer.total;
    }
  }
  return OkStatus();
}

StatusOr<BrokerAnswer> BrokerControl::Ask(const std::vector<std::string>& commands,
                                          BrokerHas& has) {
  const std::string batch = batch_prefix_ + std::to_string(++batch_);
  link_->Publish(kRequestTopic, Request(commands, batch));
  const auto until = SteadyClock::now() + options_.answer_max;
  while (!stopping_.load() && SteadyClock::now() < until) {
    if (const std::string payload = TakeAnswer(batch); !payload.empty()) {
      return ReadAnswer(payload, own_login_, has);
    }
    for (const LinkEvent& event : link_->Take()) {
      if (event.kind == LinkEvent::Kind::kLost) return Unavailable("the broker has gone");
      if (event.kind == LinkEvent::Kind::kMarkerRefused) {
        return FailedPrecondition("%s", kNoPlugin);
      }
    }
    link_->WaitUntil(until);
  }
  return FailedPrecondition("%s", kNoPlugin);
}

// On Paho's thread, under its lock.
void BrokerControl::Receive(std::string_view topic, std::string_view payload) {
  if (topic != kAnswerTopic) return;
  {
    const MutexLock lock(mutex_);
    if (answers_.size() >= kAnswersMax) answers_.erase(answers_.begin());
    answers_.emplace_back(payload);
  }
  link_->Wake();
}

std::string BrokerControl::TakeAnswer(std::string_view batch) {
  const MutexLock lock(mutex_);
  std::string found;
  const std::string marked = Format("\"%s\"", batch);
  for (std::string& answer : answers_) {
    if (answer.find(marked) != std::string::npos) found = std::move(answer);
  }
  answers_.clear();
  return found;
}

void BrokerControl::Publish(const std::vector<BrokerLogin>& wanted, const BrokerHas& has) {
  std::set<std::string, std::less<>> present;
  for (const BrokerLogin& login : wanted) {
    if (has.clients.contains(login.login)) present.insert(login.login);
  }
  const MutexLock lock(mutex_);
  wanted_ = wanted.size();
  present_ = std::move(present);
}

void BrokerControl::SetProblem(std::string problem) {
  const MutexLock lock(mutex_);
  if (problem == problem_) return;
  if (!problem.empty()) Log(LogLevel::kWarning, "broker logins: %s", problem);
  problem_ = std::move(problem);
}

}  // namespace gateway::ingest
