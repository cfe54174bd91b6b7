#include <poll.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/slot_source.h"
#include "gateway/crypto/slot_secret.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

constexpr std::chrono::seconds kOpenMax{60};
constexpr int kPollMillis = 100;

// Until the daemon has opened its store it answers on no socket, and nothing announces it.
Status AwaitOpen(Context& context) {
  const auto deadline = std::chrono::steady_clock::now() + kOpenMax;
  while (std::chrono::steady_clock::now() < deadline) {
    auto client = Client::Connect(context);
    if (client.ok()) {
      const auto status = (*client)->Call(&Stub::GetStatus, commons::v1::GetStatusRequest());
      if (status.ok() && status->state() == "open") {
        context.unreachable = false;
        context.Print(Record{{"gateway", status->gateway()}, {"state", status->state()}});
        return OkStatus();
      }
    }
    poll(nullptr, 0, kPollMillis);
  }
  return Unavailable("the secret was right, but the gateway does not answer within %d s; its log "
                     "says why", kOpenMax.count());
}

Status Unlock(Context& context, const SlotSource& source) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  if (status.state() != "locked") return FailedPrecondition("the gateway is not locked");
  ASSIGN_OR_RETURN(const crypto::SecretKey secret, FindSecret(context.dir, source));
  commons::v1::UnlockRequest request;
  crypto::CopySecret(secret, *request.mutable_secret());
  const Status unlocked = client->Call(&Stub::Unlock, request).status();
  crypto::Wipe(request.mutable_secret()->data(), request.secret().size());
  RETURN_IF_ERROR(unlocked);
  return AwaitOpen(context);
}

}  // namespace

void RegisterUnlock(CLI::App& app, Context& context) {
  auto source = std::make_shared<SlotSource>();
  CLI::App* unlock = AddVerb(
      app, "unlock", "Open a gateway that waits for it; asks for a passphrase",
      {"commons unlock", "commons unlock --key-file /media/usb/slot.key",
       "commons unlock --share ann.share --share bob.share"},
      context, [&context, source] { return Unlock(context, *source); });
  CLI::Option* words = unlock->add_option("--passphrase-file", source->passphrase_file,
                                          "its first line is the passphrase");
  CLI::Option* file = unlock->add_option("--key-file", source->key_file, "a key file of a slot");
  CLI::Option* shares = unlock->add_option("--share", source->shares,
                                           "a file of `key share open`; as many as it takes");
  words->excludes(file)->excludes(shares);
  file->excludes(shares);
}

}  // namespace gateway::cli
