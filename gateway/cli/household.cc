#include <unistd.h>

#include <CLI/CLI.hpp>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/base/new_file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/progress.h"
#include "gateway/crypto/dsse.h"
#include "gateway/model/limits.h"
#include "gateway/policy/gateway_keys.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/receipt.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct AddArgs {
  std::string household, zone, invite;
  uint32_t adults = 1;
};

struct ConfirmArgs {
  std::string household, key;
  std::vector<std::string> acceptances;
};

Status Add(Context& context, const AddArgs& args) {
  // Before the daemon makes an invite that would then be lost.
  if (access(args.invite.c_str(), F_OK) == 0) {
    return AlreadyExists("file %s: the file is there already", args.invite);
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::AddHouseholdRequest request;
  request.set_household(args.household);
  request.set_zone(args.zone);
  request.set_adults(args.adults);
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::AddHousehold, request));
  if (reply.subject().size() != SubjectId::kBytes) {
    return Internal("invite: a subject of %d bytes", reply.subject().size());
  }
  const policy::Invite invite{reply.commons(), GatewayId(reply.gateway()),
                              SubjectId::FromBytes(reply.subject()), reply.nonce()};
  RETURN_IF_ERROR(WriteFile(args.invite, policy::FormatInvite(invite), FileMode::kPrivate,
                            IfExists::kRefuse));
  context.Print(
      Record{{"household", args.household}, {"state", "invited"}, {"invite", args.invite}});
  return OkStatus();
}

Status Confirm(Context& context, const ConfirmArgs& args) {
  ASSIGN_OR_RETURN(const crypto::Signer signer, ReadSigner(args.key));
  commons::v1::ConfirmHouseholdRequest request;
  request.set_household(args.household);
  std::vector<std::string> hashes;
  policy::Invite invite;
  for (const std::string& path : args.acceptances) {
    ASSIGN_OR_RETURN(std::string envelope, ReadFile(path, crypto::kEnvelopeBytesMax));
    const auto acceptance = policy::ReadAcceptance(envelope);
    if (!acceptance.ok()) return Annotate(acceptance.status(), path);
    if (!hashes.empty() && acceptance->invite != invite) {
      return InvalidArgument("%s: answers another invite than %s", path, args.acceptances[0]);
    }
    invite = acceptance->invite;
    hashes.push_back(acceptance->hash);
    request.add_acceptances(std::move(envelope));
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  // The gateway's time, not this machine's: under a replay clock they are years apart.
  ASSIGN_OR_RETURN(const auto status,
                   client->Call(&Stub::GetStatus, commons::v1::GetStatusRequest()));
  crypto::Envelope confirmation;
  confirmation.payload_type = crypto::kConfirmationType;
  confirmation.payload = policy::BuildConfirmation(invite, hashes, TimeOf(status.now_ms()));
  crypto::SignEnvelope(confirmation, signer);
  request.set_confirmation(crypto::SerializeEnvelope(confirmation));
  RETURN_IF_ERROR(client->Call(&Stub::ConfirmHousehold, request).status());
  context.Print(Record{{"household", args.household}, {"state", "confirmed"}});
  return OkStatus();
}

struct ExportArgs {
  std::string household, out;
};

Status Export(Context& context, const ExportArgs& args) {
  ASSIGN_OR_RETURN(NewFile file, NewFile::Create(args.out, FileMode::kPrivate));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::ExportHouseholdRequest request;
  request.set_household(args.household);
  uint64_t bytes = 0;
  {
    ProgressLine line;
    RETURN_IF_ERROR(client->Stream(&Stub::ExportHousehold, request,
                                   [&](const commons::v1::ExportChunk& chunk) {
                                     bytes += chunk.sealed().size();
                                     line.Show(bytes);
                                     return file.Append(chunk.sealed());
                                   }));
  }
  RETURN_IF_ERROR(file.Finish());
  context.Print(Record{{"household", args.household}, {"export", args.out}, {"bytes", bytes}});
  return OkStatus();
}

struct EraseArgs {
  std::string household, receipt;
  bool yes = false;
};

struct ReceiptArgs {
  std::string receipt, keys, household;
};

Status Erase(Context& context, const EraseArgs& args) {
  if (!args.yes) return FailedPrecondition("this cannot be undone; say --yes if it is meant");
  // Before the daemon gives a receipt that would then be lost.
  if (access(args.receipt.c_str(), F_OK) == 0) {
    return AlreadyExists("file %s: the file is there already", args.receipt);
  }
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::EraseHouseholdRequest request;
  request.set_household(args.household);
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::EraseHousehold, request));
  RETURN_IF_ERROR(
      WriteFile(args.receipt, reply.receipt(), FileMode::kPrivate, IfExists::kRefuse));
  context.Print(
      Record{{"household", args.household}, {"state", "erased"}, {"receipt", args.receipt}});
  return OkStatus();
}

// A crash or a broken connection may have swallowed it.
Status FetchReceipt(Context& context, const ReceiptArgs& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::EraseHouseholdRequest request;
  request.set_household(args.household);
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::GetErasureReceipt, request));
  RETURN_IF_ERROR(
      WriteFile(args.receipt, reply.receipt(), FileMode::kPrivate, IfExists::kRefuse));
  context.Print(
      Record{{"household", args.household}, {"state", "erased"}, {"receipt", args.receipt}});
  return OkStatus();
}

Status ShowReceipt(Context& context, const ReceiptArgs& args) {
  if (!args.household.empty()) return FetchReceipt(context, args);
  if (args.keys.empty()) return InvalidArgument("receipt: --keys, to check it, or --of, to get it");
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const std::string envelope, ReadFile(args.receipt, crypto::kEnvelopeBytesMax));
  ASSIGN_OR_RETURN(const std::string line, ReadFile(args.keys, 4096));
  ASSIGN_OR_RETURN(const policy::GatewayKeys keys, policy::ParseGatewayKeys(line));
  ASSIGN_OR_RETURN(const policy::Receipt receipt, policy::VerifyReceipt(envelope, keys));
  context.Print(Record{{"commons", receipt.commons},
                       {"gateway", receipt.gateway.value()},
                       {"subject", HexEncode(receipt.subject.view())},
                       {"erased_at", FormatTime(receipt.erased_at)},
                       {"data_keys", receipt.data_keys},
                       {"ledger_size", receipt.ledger_size},
                       {"ledger_root", HexEncode(receipt.ledger_root)}});
  return OkStatus();
}

void RegisterErase(CLI::App& noun, Context& context) {
  auto args = std::make_shared<EraseArgs>();
  CLI::App* erase = AddVerb(
      noun, "erase", "Destroy a household's keys, for ever; what was released stays",
      {"commons household erase flat-12 --yes --receipt flat-12.receipt"}, context,
      [&context, args] { return Erase(context, *args); });
  erase->add_option("ID", args->household, "the household")->required();
  erase->add_flag("--yes", args->yes, "really");
  erase->add_option("--receipt", args->receipt, "file to write, for the residents")->required();

  auto receipt_args = std::make_shared<ReceiptArgs>();
  CLI::App* receipt = AddVerb(
      noun, "receipt",
      "Check the receipt of an erasure, which needs no daemon; or get it again, for 30 days",
      {"commons household receipt flat-12.receipt --keys gw-a.pub",
       "commons household receipt flat-12.receipt --of flat-12"},
      context,
      [&context, receipt_args] { return ShowReceipt(context, *receipt_args); });
  receipt->add_option("FILE", receipt_args->receipt, "from `household erase`; with --of to write")
      ->required();
  CLI::Option* keys =
      receipt->add_option("--keys", receipt_args->keys, "check it: from `gateway keys --out`");
  receipt->add_option("--of", receipt_args->household, "get the receipt of this erased household")
      ->excludes(keys);
}

Status List(Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply,
                   client->Call(&Stub::ListHouseholds, commons::v1::ListHouseholdsRequest()));
  Table table{{"household", "zone", "state", "adults", "devices", "grants", "subject"}, {}};
  for (const auto& row : reply.rows()) {
    table.rows.push_back({row.household(), row.zone(), row.state(), uint64_t{row.adults()},
                          uint64_t{row.devices()}, uint64_t{row.grants()},
                          HexEncode(row.subject())});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterHousehold(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "household", "Households: invite, confirm, list, export, erase",
                           "commons household list");

  auto add_args = std::make_shared<AddArgs>();
  CLI::App* add = AddVerb(
      *noun, "add", "Invite a household; nothing of it is stored before it is confirmed",
      {"commons household add flat-12 --zone north --adults 2 --invite flat-12.invite"}, context,
      [&context, add_args] { return Add(context, *add_args); });
  add->add_option("ID", add_args->household, "what the operator calls it")->required();
  add->add_option("--zone", add_args->zone, "a zone of the policy")->required();
  add->add_option("--adults", add_args->adults, "how many adults must accept")
      ->check(CLI::Range(std::size_t{1}, limits::kAdultsPerHouseholdMax))
      ->capture_default_str();
  add->add_option("--invite", add_args->invite, "file to write, for the residents")->required();

  auto confirm_args = std::make_shared<ConfirmArgs>();
  CLI::App* confirm = AddVerb(
      *noun, "confirm", "A steward confirms that these are the household's adults",
      {"commons household confirm flat-12 --acceptance ann.dsse ben.dsse --key steward.key"},
      context, [&context, confirm_args] { return Confirm(context, *confirm_args); });
  confirm->add_option("ID", confirm_args->household, "the household")->required();
  confirm->add_option("--acceptance", confirm_args->acceptances, "signed by each adult")
      ->required();
  confirm->add_option("--key", confirm_args->key, "the steward's key file")->required();

  RegisterErase(*noun, context);

  auto export_args = std::make_shared<ExportArgs>();
  CLI::App* exporting = AddVerb(
      *noun, "export",
      "Write everything the gateway has of a household, sealed to its residents' keys: only they "
      "can open it, with `age` and `commons resident age-identity`",
      {"commons household export flat-12 --out flat-12.tar.age"}, context,
      [&context, export_args] { return Export(context, *export_args); });
  exporting->add_option("ID", export_args->household, "the household")->required();
  exporting->add_option("--out", export_args->out, "file to write, new (mode 0600)")->required();

  AddVerb(*noun, "list", "List the households", {"commons household list --format json"}, context,
          [&context] { return List(context); });
}

}  // namespace gateway::cli
