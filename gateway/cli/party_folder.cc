#include "gateway/cli/party_folder.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/secret.h"
#include "gateway/model/limits.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kPemBytesMax = 16u << 10;
constexpr char kRequestKey[] = "/request.key";
constexpr char kTlsKey[] = "/tls.key";
constexpr char kTlsCertificate[] = "/tls.crt";

StatusOr<crypto::TlsIdentity> ReadTls(const std::string& folder) {
  crypto::TlsIdentity tls;
  const std::string certificate = folder + kTlsCertificate;
  ASSIGN_OR_RETURN(tls.certificate_pem, ReadFile(certificate, kPemBytesMax));
  ASSIGN_OR_RETURN(tls.private_key_pem, ReadFile(folder + kTlsKey, kPemBytesMax));
  StatusOr<std::string> pin = crypto::PinOfCertificate(tls.certificate_pem);
  if (!pin.ok()) return Annotate(pin.status(), certificate);
  tls.pin = *std::move(pin);
  return tls;
}

StatusOr<policy::Membership> ReadMembership(const PartyArgs& args, Time now) {
  const auto path = [&](const std::string& given, const char* name) {
    return given.empty() ? args.folder + name : given;
  };
  ASSIGN_OR_RETURN(const std::string charter,
                   ReadFile(path(args.charter, "/charter.dsse"), crypto::kEnvelopeBytesMax));
  ASSIGN_OR_RETURN(const std::string roster,
                   ReadFile(path(args.roster, "/roster.dsse"), crypto::kEnvelopeBytesMax));
  return policy::VerifyMembership(charter, roster, now);
}

Status CheckListed(const policy::Roster& roster, const crypto::Signer& request,
                   const crypto::TlsIdentity& tls) {
  for (const policy::Party& party : roster.parties) {
    const auto lists = [](const std::vector<std::string>& keys, const std::string& key) {
      return std::ranges::find(keys, key) != keys.end();
    };
    if (lists(party.request, request.public_key()) && lists(party.tls, tls.pin)) return OkStatus();
  }
  return FailedPrecondition(
      "roster: version %d lists no party with tls %s and request %s; send these two to the co-op "
      "and take the roster that lists them", roster.version, crypto::FormatPin(tls.pin),
      crypto::FormatPublicKey(request.public_key()));
}

StatusOr<policy::RosterGateway> FindVia(const policy::Roster& roster, const std::string& id) {
  const policy::RosterGateway* via = roster.FindGateway(GatewayId(id));
  if (via == nullptr) {
    std::string known;
    for (const auto& gateway : roster.gateways) known += " " + gateway.id.value();
    return NotFound("--via %s: no gateway of the roster, which lists:%s", id, known);
  }
  if (via->tls.empty() || via->address.empty()) {
    return FailedPrecondition("--via %s: the roster lists no %s for it; ask another gateway", id,
                              via->tls.empty() ? "keys" : "address");
  }
  return *via;
}

std::string CheckTimeout(const std::string& text) {
  const auto timeout = ParseDuration(text);
  if (!timeout.ok()) return std::string(Message(timeout.status()));
  if (*timeout > Millis{0} && *timeout <= limits::kQueryTimeMax) return {};
  return Format("a timeout is above zero and at most PT%dS", limits::kQueryTimeMax.count());
}

}  // namespace

void AddPartyOptions(CLI::App& verb, PartyArgs& args) {
  verb.add_option("--party", args.folder, "the folder of `commons party init`")->required();
  verb.add_option("--via", args.via, "the gateway to ask, by its id in the roster")
      ->required()
      ->check(CheckDocumentId);
  verb.add_option("--charter", args.charter, "default: charter.dsse in the party's folder");
  verb.add_option("--roster", args.roster, "default: roster.dsse in the party's folder");
  verb.add_option("--timeout", args.timeout, "how long to wait for everybody")
      ->check(CheckTimeout)
      ->capture_default_str();
}

Status MakePartyKeys(const std::string& folder, crypto::TlsIdentity& tls,
                     std::string& request_key) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("directory %s: %s", folder, std::strerror(errno));
  }
  ASSIGN_OR_RETURN(const crypto::Signer signer, crypto::Signer::Generate());
  ASSIGN_OR_RETURN(const crypto::SecretKey scalar, crypto::SecretKey::Random());
  ASSIGN_OR_RETURN(tls, crypto::MakeTlsIdentity(scalar));
  request_key = signer.public_key();
  std::string key_file = signer.ToKeyFile();
  const auto write = [&](const char* name, std::string_view text) {
    return WriteFile(folder + name, text, FileMode::kPrivate, IfExists::kRefuse);
  };
  Status written = write(kRequestKey, key_file);
  if (written.ok()) written = write(kTlsKey, tls.private_key_pem);
  if (written.ok()) written = write(kTlsCertificate, tls.certificate_pem);
  crypto::Wipe(key_file.data(), key_file.size());
  crypto::Wipe(tls.private_key_pem.data(), tls.private_key_pem.size());
  return written;
}

StatusOr<Party> OpenParty(const PartyArgs& args, Time now) {
  ASSIGN_OR_RETURN(crypto::Signer request, ReadSigner(args.folder + kRequestKey));
  ASSIGN_OR_RETURN(crypto::TlsIdentity tls, ReadTls(args.folder));
  ASSIGN_OR_RETURN(policy::Membership members, ReadMembership(args, now));
  RETURN_IF_ERROR(CheckListed(members.roster, request, tls));
  ASSIGN_OR_RETURN(policy::RosterGateway via, FindVia(members.roster, args.via));
  ASSIGN_OR_RETURN(const Millis timeout, ParseDuration(args.timeout));
  return Party{std::move(request), std::move(tls), std::move(members), std::move(via), timeout};
}

}  // namespace gateway::cli
