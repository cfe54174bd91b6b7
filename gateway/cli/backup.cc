#include <CLI/CLI.hpp>
#include <filesystem>

#include "gateway/backup/age_file.h"
#include "gateway/backup/restore.h"
#include "gateway/backup/restored.h"
#include "gateway/backup/source.h"
#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/progress.h"
#include "gateway/crypto/secret.h"
#include "gateway/yaml/yaml.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kConfigBytesMax = 64u << 10;

struct CreateArgs {
  std::string folder, file, since, keys_file;
  std::vector<std::string> recipients, keys_recipients;
};

struct ReadArgs {
  std::vector<std::string> sources;
  std::string id, identity, erasures, withdrawals, now, keys;
  std::vector<crypto::AgeIdentity> identities;  // of `identity`, once it was read
};

StatusOr<std::string> Absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) return InvalidArgument("path %s: %s", path, error.message());
  return absolute;
}

Status Create(Context& context, const CreateArgs& args) {
  commons::v1::CreateBackupRequest request;
  ASSIGN_OR_RETURN(*request.mutable_folder(), Absolute(args.folder));
  ASSIGN_OR_RETURN(*request.mutable_file(), Absolute(args.file));
  ASSIGN_OR_RETURN(*request.mutable_keys_file(), Absolute(args.keys_file));
  request.mutable_recipients()->Assign(args.recipients.begin(), args.recipients.end());
  request.mutable_keys_recipients()->Assign(args.keys_recipients.begin(),
                                            args.keys_recipients.end());
  request.set_since(args.since);
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::BackupProgress last;
  {
    ProgressLine line;
    RETURN_IF_ERROR(client->Stream(&Client::Stub::CreateBackup, request,
                                   [&](const commons::v1::BackupProgress& progress) {
                                     line.Show(progress.bytes_done(), progress.bytes_total());
                                     last = progress;
                                     return OkStatus();
                                   }));
  }
  context.Print(Record{{"id", last.id()},
                       {"files", uint64_t{last.files()}},
                       {"bytes_new", uint64_t{last.bytes_new()}},
                       {"bytes_total", uint64_t{last.bytes_of_backup()}}});
  return OkStatus();
}

StatusOr<std::unique_ptr<backup::Source>> OpenSource(ReadArgs& args) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  if (!args.identity.empty()) {
    ASSIGN_OR_RETURN(args.identities, backup::ReadIdentities(args.identity));
  }
  std::error_code error;
  if (std::filesystem::is_directory(args.sources.front(), error)) {
    if (args.sources.size() > 1) return InvalidArgument("backup: one folder, or files");
    return backup::OpenFolder(args.sources.front(), args.id);
  }
  if (!args.id.empty()) return InvalidArgument("backup: a file has one backup; --id is of folders");
  if (args.identities.empty()) return InvalidArgument("backup: a file needs --identity");
  return backup::OpenAgeFiles(args.sources, args.identities);
}

Status Verify(Context& context, ReadArgs& args) {
  ASSIGN_OR_RETURN(const auto source, OpenSource(args));
  std::vector<std::string> problems;
  {
    ProgressLine line;
    ASSIGN_OR_RETURN(problems, backup::Check(*source, [&](uint64_t done, uint64_t total) {
                       return line.Show(done, total);
                     }));
  }
  const backup::SignedManifest& made = source->backup();
  context.Print(Record{{"id", made.id},
                       {"gateway", made.manifest.gateway},
                       {"created", FormatTime(made.manifest.created)},
                       {"signed_by", crypto::FormatPublicKey(made.signer)},
                       {"files", uint64_t{made.manifest.files.size()}},
                       {"bytes", backup::TotalBytes(made.manifest)},
                       {"problems", problems}});
  if (problems.empty()) return OkStatus();
  return DataLoss("backup %s: %d of its objects are missing or damaged", made.id, problems.size());
}

// "" if there is no gateway in the directory yet.
StatusOr<std::string> GatewayOf(const std::string& dir) {
  const std::string path = dir + "/commonsd.yaml";
  const auto text = ReadFile(path, kConfigBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return std::string();
  RETURN_IF_ERROR(text.status());
  const auto config = yaml::Parse(*text);
  if (!config.ok()) return Annotate(config.status(), path);
  const yaml::Node* gateway = config->Find("gateway");
  if (gateway == nullptr) return FailedPrecondition("%s: it names no gateway", path);
  return gateway->text;
}

Status Restore(Context& context, ReadArgs& args) {
  ASSIGN_OR_RETURN(const auto source, OpenSource(args));
  const backup::Manifest& manifest = source->backup().manifest;
  backup::RestoreRequest request{.dir = context.dir, .at = RealClock().SystemNow()};
  ASSIGN_OR_RETURN(request.gateway, GatewayOf(context.dir));
  if (!args.keys.empty()) {
    if (args.identities.empty()) return InvalidArgument("--keys needs --identity");
    ASSIGN_OR_RETURN(request.keys,
                     backup::ReadKeysFile(args.keys, args.identities, RealClock().SystemNow()));
  }
  // Recorded time knows nothing of today.
  if (manifest.replay) request.at = manifest.created;
  if (!args.now.empty()) {
    if (!manifest.replay) return InvalidArgument("--now is for replay gateways");
    ASSIGN_OR_RETURN(request.at, ParseTime(args.now));
  }
  if (!args.erasures.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(args.erasures, backup::kSmallFileBytesMax));
    const auto erased = backup::ReadErasures(text);
    if (!erased.ok()) return Annotate(erased.status(), args.erasures);
    request.erased = *erased;
  }
  if (!args.withdrawals.empty()) {
    ASSIGN_OR_RETURN(const std::string text,
                     ReadFile(args.withdrawals, backup::kWithdrawalsBytesMax));
    const auto withdrawals = backup::ReadWithdrawals(text);
    if (!withdrawals.ok()) return Annotate(withdrawals.status(), args.withdrawals);
    request.withdrawals = *withdrawals;
  }
  backup::RestoreResult result;
  {
    ProgressLine line;
    ASSIGN_OR_RETURN(result, backup::Restore(*source, request, [&](uint64_t done, uint64_t total) {
                       return line.Show(done, total);
                     }));
  }
  Record record{{"id", source->backup().id},
                {"created", FormatTime(manifest.created)},
                {"restored_at", FormatTime(request.at)},
                {"files", uint64_t{manifest.files.size()}},
                {"erased_households", uint64_t{result.erased}}};
  // Releases wait for `commons store acknowledge` then: docs/operations.md.
  if (const auto& since = result.withdrawals_unknown_since; since.has_value()) {
    record.emplace_back("withdrawals_unknown_since", FormatTime(*since));
  }
  context.Print(record);
  return OkStatus();
}

void RegisterCreate(CLI::App& noun, Context& context) {
  auto args = std::make_shared<CreateArgs>();
  CLI::App* create = AddVerb(
      noun, "create", "Copy the store while it runs; what an older backup has is not copied again",
      {"commons backup create --to /media/usb/backups",
       "commons backup create --file /media/usb/monday.age --recipient age1…",
       "commons backup create --keys /media/usb/keys.age --keys-to age1…"},
      context, [&context, args] { return Create(context, *args); });
  CLI::Option* to =
      create->add_option("--to", args->folder, "a folder, for one gateway or several");
  CLI::Option* file = create->add_option("--file", args->file, "an age file, which is made");
  file->excludes(to);
  create->add_option("--recipient", args->recipients, "who can open the file: age1…")->needs(file);
  create->add_option("--since", args->since, "id of the backup (an age file) that it builds on")
      ->needs(file);
  CLI::Option* keys = create->add_option(
      "--keys", args->keys_file, "also what opens the store, into this age file, for 30 days");
  create->add_option("--keys-to", args->keys_recipients, "who can open that one: age1…")
      ->needs(keys);
}

void AddSource(CLI::App& verb, ReadArgs& args) {
  verb.add_option("SOURCE", args.sources,
                  "the folder of the backups; or an age file, then those that it builds on")
      ->required();
  verb.add_option("--id", args.id, "which backup of the folder; without, the newest");
  verb.add_option("--identity", args.identity, "of an age file: what age-keygen made");
}

}  // namespace

void RegisterBackup(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "backup", "Copies of the store: make, check, put back",
                           "commons backup create --to /media/usb/backups");
  RegisterCreate(*noun, context);
  auto verified = std::make_shared<ReadArgs>();
  AddSource(*AddVerb(*noun, "verify",
                     "Read all of a backup and name what is missing or damaged. Needs no daemon",
                     {"commons backup verify /media/usb/backups"}, context,
                     [&context, verified] { return Verify(context, *verified); }),
            *verified);
  auto args = std::make_shared<ReadArgs>();
  CLI::App* restore = AddVerb(
      *noun, "restore",
      "Put a backup in the place of the database (--dir), after checking all of it. commonsd must "
      "not run",
      {"commons --dir /var/lib/commons backup restore /media/usb/backups"}, context,
      [&context, args] { return Restore(context, *args); });
  AddSource(*restore, *args);
  restore->add_option("--keys", args->keys, "what `backup create --keys` made: puts the keys back");
  restore->add_option("--erasures", args->erasures,
                      "a list of erased households that is newer than backup and database");
  restore->add_option("--withdrawals", args->withdrawals,
                      "a list of withdrawn grants (db/withdrawals), if the database is gone");
  restore->add_option("--now", args->now, "replay gateways only: when the restore happens")
      ->check(CheckTime);
}

}  // namespace gateway::cli
