#include "gateway/crypto/x509.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "gateway/base/bytes.h"
#include "gateway/crypto/freed_by.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

// 20 years either way: X.509 wants dates, nobody reads them, and a board's clock may be wrong.
constexpr long kValiditySeconds = 20L * 365 * 24 * 3600;
constexpr std::string_view kPinPrefix = "sha256:";
constexpr std::size_t kPemBytesMax = 64u << 10;

using Bignum = std::unique_ptr<BIGNUM, FreedBy<BN_clear_free>>;
using Point = std::unique_ptr<EC_POINT, FreedBy<EC_POINT_free>>;
using Group = std::unique_ptr<EC_GROUP, FreedBy<EC_GROUP_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreedBy<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreedBy<OSSL_PARAM_free>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;

Status Failed(std::string_view step) { return Internal("TLS key: OpenSSL failed to %s", step); }

StatusOr<Key> KeyOf(const SecretKey& secret) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Bignum scalar(
      BN_bin2bn(KeyAccess::Bytes(secret), static_cast<int>(SecretKey::kBytes), nullptr));
  if (group == nullptr || scalar == nullptr) return Failed("set up the curve");
  if (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(group.get())) >= 0) {
    return InvalidArgument("TLS key: the secret is no scalar of P-256; draw another");
  }
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  const Point point(EC_POINT_new(group.get()));
  unsigned char encoded[65];
  if (point == nullptr ||
      EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded,
                         sizeof encoded, nullptr) != sizeof encoded) {
    return Failed("compute the public key");
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded,
                                       sizeof encoded) != 1) {
    return Failed("describe the key");
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return Failed("make the key");
  }
  return Key(key);
}

StatusOr<Certificate> SelfSigned(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (certificate == nullptr) return Failed("make a certificate");
  X509* const x509 = certificate.get();
  X509_NAME* const name = X509_get_subject_name(x509);
  const auto* const common_name =
      reinterpret_cast<const unsigned char*>(kCertificateName.data());
  if (X509_set_version(x509, X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) != 1 ||
      X509_gmtime_adj(X509_getm_notBefore(x509), -kValiditySeconds) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(x509), kValiditySeconds) == nullptr ||
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name,
                                 static_cast<int>(kCertificateName.size()), -1, 0) != 1 ||
      X509_set_issuer_name(x509, name) != 1 || X509_set_pubkey(x509, key) != 1 ||
      X509_sign(x509, key, EVP_sha256()) == 0) {
    return Failed("sign the certificate");
  }
  return certificate;
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

StatusOr<std::string> PinOf(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return InvalidArgument("certificate: its public key cannot be read");
  std::string pin = Sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return pin;
}

}  // namespace

StatusOr<TlsIdentity> MakeTlsIdentity(const SecretKey& secret) {
  ASSIGN_OR_RETURN(const Key key, KeyOf(secret));
  ASSIGN_OR_RETURN(const Certificate certificate, SelfSigned(key.get()));
  const Bio public_part(BIO_new(BIO_s_mem()));
  const Bio private_part(BIO_new(BIO_s_secmem()));
  if (public_part == nullptr || private_part == nullptr ||
      PEM_write_bio_X509(public_part.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(private_part.get(), key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) != 1) {
    return Failed("write the key");
  }
  TlsIdentity identity;
  identity.certificate_pem = TextOf(public_part.get());
  identity.private_key_pem = TextOf(private_part.get());
  ASSIGN_OR_RETURN(identity.pin, PinOf(certificate.get()));
  return identity;
}

StatusOr<std::string> PinOfCertificate(std::string_view pem) {
  if (pem.size() > kPemBytesMax) {
    return InvalidArgument("certificate: %d bytes, limit %d", pem.size(), kPemBytesMax);
  }
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return InvalidArgument("certificate: not PEM of an X.509 one");
  return PinOf(certificate.get());
}

std::string FormatPin(std::string_view pin) { return std::string(kPinPrefix) + HexEncode(pin); }

StatusOr<std::string> ParsePin(std::string_view text) {
  if (text.starts_with(kPinPrefix)) {
    StatusOr<std::string> pin = HexDecode(text.substr(kPinPrefix.size()));
    if (pin.ok() && pin->size() == kPinBytes) return pin;
  }
  return InvalidArgument("a TLS pin is sha256: and 64 lower-case hex digits");
}

}  // namespace gateway::crypto
