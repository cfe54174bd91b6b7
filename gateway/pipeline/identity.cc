// By which of its keys the gateway is known: always those that the roster in force names, so that
// new ones can be made first and named by the stewards after.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {
namespace {

// Row of the meta table: the TLS certificate, PEM; of later generations with "-1", "-2", …
constexpr std::string_view kCertificateKey = "certificate";
// Padded with newlines to this, because ECDSA signatures are not all of one length: what a store
// holds should not depend on chance.
constexpr std::size_t kCertificateRowBytes = 1024;
// Row of the meta table: u64 ledger size ‖ u32 generation of the log's key that may sign beyond it.
constexpr std::string_view kLogFenceKey = "log-fence";

}  // namespace

StatusOr<Pipeline::Identity> Pipeline::NamedIdentity() const {
  Identity named = identity_;
  const auto rules = core_->registry().rules();
  if (rules == nullptr) return named;
  const policy::RosterGateway* self = rules->documents.roster.FindGateway(gateway_);
  if (self == nullptr) return named;
  const auto find = [&](uint32_t own_key, const std::string& public_key,
                        uint32_t& generation) -> Status {
    for (uint32_t i = 0; i <= vault_->NewestOwn(own_key); ++i) {
      ASSIGN_OR_RETURN(const crypto::Signer signer, vault_->OwnSigner(own_key, i));
      if (signer.public_key() == public_key) generation = i;
    }
    return OkStatus();
  };
  RETURN_IF_ERROR(find(store::kSignKey, self->sign, named.sign));
  RETURN_IF_ERROR(find(store::kLogKey, self->log, named.log));
  for (uint32_t i = 0; i <= vault_->NewestOwn(store::kTlsKey); ++i) {
    ASSIGN_OR_RETURN(const std::string pin, TlsPin(i));
    if (std::ranges::count(self->tls, pin) > 0) named.tls = i;  // of several the newest
  }
  return named;
}

Status Pipeline::ChooseIdentity() {
  ASSIGN_OR_RETURN(const Identity named, NamedIdentity());
  if (named == identity_) return OkStatus();
  RETURN_IF_ERROR(vault_->UseOwn(store::kSignKey, named.sign));
  RETURN_IF_ERROR(vault_->UseOwn(store::kLogKey, named.log));
  RETURN_IF_ERROR(vault_->UseOwn(store::kTlsKey, named.tls));
  identity_ = named;
  RETURN_IF_ERROR(KeepCertificate());
  // Load has signed the ledger's head; it must be by the key that the roster names.
  if (!ledger_->published().note.empty()) ledger_->Publish();
  return OkStatus();
}

// The ledger is not all that it was: with the key in use a second root could be signed for a size
// that was signed before. That key signs nothing larger than what is left; the next one goes on,
// which is another log to everybody, once stewards have put it into the roster.
Status Pipeline::FenceLog() {
  ASSIGN_OR_RETURN(const uint32_t next, vault_->MintNext(store::kLogKey));
  store::Batch batch;
  RETURN_IF_ERROR(vault_->PutOwn(batch, store::Table::kMeta, kLogFenceKey,
                                 ByteWriter().U64(ledger_->size()).U32(next).bytes()));
  RETURN_IF_ERROR(vault_->Commit(batch));
  // Before the reason for it is forgotten.
  RETURN_IF_ERROR(syncer_->Barrier());
  return KeepToFence();
}

Status Pipeline::KeepToFence() {
  ASSIGN_OR_RETURN(const std::optional<std::string> row,
                   vault_->GetRow(store::Table::kMeta, kLogFenceKey));
  if (!row.has_value()) return OkStatus();
  ByteReader in(*row);
  const uint64_t size = in.U64();
  const uint32_t generation = in.U32();
  RETURN_IF_ERROR(in.Finish("fence of the log"));
  if (identity_.log >= generation) return OkStatus();
  core_->LimitPublishing(size);
  Log(LogLevel::kWarning,
      "ledger: entries were lost, so its key signs nothing beyond %d; what is decided from now on is "
      "readable once the roster names the new key that `commons gateway keys` shows", size);
  return OkStatus();
}

StatusOr<std::string> Pipeline::TlsPin(uint32_t generation) const {
  ASSIGN_OR_RETURN(crypto::TlsIdentity identity, vault_->MakeTlsIdentity(generation));
  crypto::Wipe(identity.private_key_pem.data(), identity.private_key_pem.size());
  return identity.pin;
}

StatusOr<port::GatewayPublicKeys> Pipeline::GetKeys() {
  ASSIGN_OR_RETURN(std::string tls, TlsPin(vault_->NewestOwn(store::kTlsKey)));
  const auto newest = [this](uint32_t own_key) {
    return vault_->OwnSigner(own_key, vault_->NewestOwn(own_key));
  };
  ASSIGN_OR_RETURN(const crypto::Signer sign, newest(store::kSignKey));
  ASSIGN_OR_RETURN(const crypto::Signer log, newest(store::kLogKey));
  return port::GatewayPublicKeys{.gateway = gateway_.value(),
                                 .tls = std::move(tls),
                                 .sign = sign.public_key(),
                                 .log = log.public_key()};
}

Status Pipeline::KeepCertificate() {
  std::string key(kCertificateKey);
  if (identity_.tls > 0) key += Format("-%d", identity_.tls);
  ASSIGN_OR_RETURN(std::optional<std::string> row,
                   vault_->GetRow(store::Table::kMeta, key));
  if (!row.has_value()) {
    ASSIGN_OR_RETURN(crypto::TlsIdentity made, vault_->MakeTlsIdentity());
    crypto::Wipe(made.private_key_pem.data(), made.private_key_pem.size());
    GW_CHECK(made.certificate_pem.size() <= kCertificateRowBytes);
    row = std::move(made.certificate_pem);
    row->resize(kCertificateRowBytes, '\n');
    store::Batch batch;
    RETURN_IF_ERROR(vault_->PutOwn(batch, store::Table::kMeta, key, *row));
    RETURN_IF_ERROR(vault_->Commit(batch));
  }
  certificate_ = row->substr(0, row->find_last_not_of('\n') + 1) + "\n";
  return OkStatus();
}

StatusOr<crypto::TlsIdentity> Pipeline::tls_identity() const {
  ASSIGN_OR_RETURN(crypto::TlsIdentity identity, vault_->MakeTlsIdentity());
  ASSIGN_OR_RETURN(const std::string pin, crypto::PinOfCertificate(certificate_));
  if (pin != identity.pin) return DataLoss("TLS certificate: it is of another key than the store's");
  identity.certificate_pem = certificate_;
  return identity;
}

}  // namespace gateway::pipeline
