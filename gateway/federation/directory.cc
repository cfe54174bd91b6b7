#include "gateway/federation/directory.h"

#include <string>

#include "gateway/base/log.h"

namespace gateway::federation {

std::shared_ptr<const policy::Documents> Directory::Current() const {
  const MutexLock lock(mutex_);
  // Asked for under the lock: an older answer must not come after a newer one.
  std::shared_ptr<const port::ActiveDocuments> texts = source_.documents();
  if (texts == texts_) return parsed_;
  texts_ = std::move(texts);
  parsed_.reset();
  if (texts_ == nullptr) return nullptr;
  StatusOr<policy::Documents> documents = policy::ParseStored(
      {.charter = texts_->charter, .policy = texts_->policy, .roster = texts_->roster});
  if (documents.ok()) {
    parsed_ = std::make_shared<const policy::Documents>(*std::move(documents));
  } else {
    Log(LogLevel::kError, "federation: the documents in force do not parse, so it answers nobody: "
                          "%s", std::string(Message(documents.status())));
  }
  return parsed_;
}

Caller Directory::WhoHas(const policy::Documents& documents, std::string_view pin, Time now) {
  const policy::Roster& roster = documents.roster;
  if (now < roster.issued || now >= roster.expires + documents.charter.grace) return {};
  return {.gateway = roster.GatewayOfPin(pin), .party = roster.PartyOfPin(pin)};
}

}  // namespace gateway::federation
