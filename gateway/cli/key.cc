#include <CLI/CLI.hpp>
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/slot_source.h"
#include "gateway/crypto/slot_secret.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct ShareArgs {
  std::string keyslots, key, out;
};

Status AddSlot(Context& context, const SlotSource& source) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const crypto::Keyslot slot, MakeSlot(source));
  commons::v1::AddKeySlotRequest request;
  request.set_slot(crypto::SerializeSlot(slot));
  RETURN_IF_ERROR(client->Call(&Stub::AddKeySlot, request).status());
  context.PrintValue("id", HexEncode(slot.public_key));
  return OkStatus();
}

Status RemoveSlot(Context& context, const std::string& id) {
  commons::v1::RemoveKeySlotRequest request;
  ASSIGN_OR_RETURN(*request.mutable_id(), HexDecode(id));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  return client->Call(&Stub::RemoveKeySlot, request).status();
}

Status ListSlots(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListKeySlots, commons::v1::ListKeySlotsRequest()));
  Table table{.columns = {"id", "type", "detail"}, .rows = {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({HexEncode(row.id()), row.type(), row.detail()});
  }
  context.Print(table);
  return OkStatus();
}

Status OpenShare(const ShareArgs& args) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const crypto::Keyslots keyslots, ReadKeyslotsFile(args.keyslots));
  ASSIGN_OR_RETURN(std::string key_file, ReadFile(args.key, 4096));
  const auto signer = crypto::Signer::FromKeyFile(key_file);
  StatusOr<std::string> share =
      signer.ok() ? NotFound("file %s: no keyslot has a share of this steward", args.keyslots)
                  : Annotate(signer.status(), args.key);
  for (const crypto::Keyslot& slot : keyslots.slots) {
    if (!signer.ok() || share.status().code() != StatusCode::kNotFound) break;
    if (std::ranges::count(slot.shares, signer->public_key(), &crypto::SealedShare::steward) > 0) {
      share = crypto::OpenShare(slot, key_file);
    }
  }
  crypto::Wipe(key_file.data(), key_file.size());
  if (!share.ok()) return share.status();
  const Status written = WriteFile(args.out, *share, FileMode::kPrivate, IfExists::kRefuse);
  crypto::Wipe(share->data(), share->size());
  return written;
}

Status Rotate(Context& context, const std::string& level) {
  commons::v1::RotateKeysRequest request;
  request.set_level(level);
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::RotateKeys, request));
  context.Print(Record{{"rotated", level}, {"keys", uint64_t{reply.keys()}}});
  return OkStatus();
}

void RegisterSlots(CLI::App& key, Context& context) {
  CLI::App* slot = AddNoun(key, "slot", "Whatever opens the store: key files, passphrases, stewards",
                           "commons key slot list");
  auto source = std::make_shared<SlotSource>();
  CLI::App* add = AddVerb(
      *slot, "add", "Let one more thing open the store; prints its id",
      {"commons key slot add --passphrase-file words.txt", "commons key slot add --key-file b.key",
       "commons key slot add --stewards ann.pub bob.pub eve.pub --threshold 2"},
      context, [&context, source] { return AddSlot(context, *source); });
  CLI::Option* words = add->add_option("--passphrase-file", source->passphrase_file,
                                       "its first line is the passphrase (without any option it "
                                       "is asked for)");
  CLI::Option* file =
      add->add_option("--key-file", source->key_file, "made if absent. Keep it off the board");
  CLI::Option* stewards = add->add_option(
      "--stewards", source->stewards, "public keys (ed25519:…), or files that hold one each");
  CLI::Option* threshold = add->add_option("--threshold", source->threshold,
                                           "how many of the stewards it takes")
                               ->needs(stewards)
                               ->check(CLI::Range(1, 16));
  words->excludes(file)->excludes(stewards);
  file->excludes(stewards);
  stewards->needs(threshold);

  auto id = std::make_shared<std::string>();
  CLI::App* remove = AddVerb(*slot, "remove",
                             "End a slot, also for old copies of the file: the master key is renewed",
                             {"commons key slot remove 8520f009…"}, context,
                             [&context, id] { return RemoveSlot(context, *id); });
  remove->add_option("ID", *id, "as `key slot list` says")->required();

  AddVerb(*slot, "list", "The slots, and what opens each", {"commons key slot list"}, context,
          [&context] { return ListSlots(context); });
}

}  // namespace

void RegisterKey(CLI::App& app, Context& context) {
  CLI::App* key = AddNoun(app, "key", "What opens the store, and what is wrapped by what",
                          "commons key slot list");
  RegisterSlots(*key, context);

  CLI::App* share = AddNoun(*key, "share", "On the steward's own machine; needs no daemon",
                            "commons key share open --keyslots keyslots --key ann.key --out a.share");
  auto share_args = std::make_shared<ShareArgs>();
  CLI::App* open = AddVerb(
      *share, "open", "Open the steward's share of a keyslots file",
      {"commons key share open --keyslots keyslots --key ann.key --out ann.share"}, context,
      [share_args] { return OpenShare(*share_args); });
  open->add_option("--keyslots", share_args->keyslots, "a copy of the gateway's file")->required();
  open->add_option("--key", share_args->key, "the steward's key file")->required();
  open->add_option("--out", share_args->out, "file to write (mode 0600)")->required();

  CLI::App* rotate = AddNoun(*key, "rotate", "Replace keys that are in use",
                             "commons key rotate master");
  AddVerb(*rotate, "master", "A new master key; every slot opens it as before",
          {"commons key rotate master"}, context, [&context] { return Rotate(context, "master"); });
  AddVerb(*rotate, "data",
          "New keys of the households' rows; what is stored is sealed anew, old keys are destroyed",
          {"commons key rotate data"}, context, [&context] { return Rotate(context, "data"); });
  AddVerb(*rotate, "identity",
          "New keys by which others know the gateway; used once the roster names them",
          {"commons key rotate identity"}, context,
          [&context] { return Rotate(context, "identity"); });
}

}  // namespace gateway::cli
