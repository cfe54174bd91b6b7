#include "gateway/crypto/x509.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gateway/crypto/hash.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {
namespace {

using X509Test = CryptoTest;

TlsIdentity IdentityOf(const SecretKey& secret) {
  StatusOr<TlsIdentity> identity = MakeTlsIdentity(secret);
  EXPECT_TRUE(identity.ok()) << identity.status();
  return identity.ok() ? *std::move(identity) : TlsIdentity{};
}

// A certificate of another maker, and the SHA-256 of its SubjectPublicKeyInfo.
struct Foreign {
  std::string pem;
  std::string pin;
};
Foreign CertificateOf(EVP_PKEY* key, const EVP_MD* digest) {
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
  X509_set_pubkey(certificate, key);
  EXPECT_NE(X509_sign(certificate, key, digest), 0);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  Foreign foreign{.pem = std::string(data, static_cast<std::size_t>(size)), .pin = {}};
  unsigned char* der = nullptr;
  const int der_size = i2d_PUBKEY(key, &der);
  foreign.pin = Sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(der_size)});
  OPENSSL_free(der);
  BIO_free(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return foreign;
}

TEST_F(X509Test, PinIsThatOfTheOpensslTool) {
  // openssl ec -in KEY -pubout -outform der | sha256sum, of the same scalar.
  EXPECT_EQ(FormatPin(IdentityOf(KeyOf(Counting(32))).pin),
            "sha256:a8f0cb0e6d98a8d9b3dad3ad6699408d20450373d8b54d8d6159acb7a3e9ea58");
}

TEST_F(X509Test, OneSecretHasOnePinAndEverySecretAnother) {
  const TlsIdentity first = IdentityOf(KeyOf(Counting(32)));
  const TlsIdentity again = IdentityOf(KeyOf(Counting(32)));
  const TlsIdentity other = IdentityOf(KeyOf(std::string(32, 'k')));
  EXPECT_EQ(first.pin, again.pin);
  EXPECT_EQ(first.private_key_pem, again.private_key_pem);
  EXPECT_NE(first.pin, other.pin);
  for (const TlsIdentity* identity : {&first, &again, &other}) {
    const StatusOr<std::string> pin = PinOfCertificate(identity->certificate_pem);
    ASSERT_TRUE(pin.ok()) << pin.status();
    EXPECT_EQ(*pin, identity->pin);
  }
}

TEST_F(X509Test, CertificateAndPrivateKeyBelongTogether) {
  const TlsIdentity identity = IdentityOf(KeyOf(std::string(32, 'k')));
  BIO* const certificate_bio = BIO_new_mem_buf(identity.certificate_pem.data(),
                                               static_cast<int>(identity.certificate_pem.size()));
  BIO* const key_bio = BIO_new_mem_buf(identity.private_key_pem.data(),
                                       static_cast<int>(identity.private_key_pem.size()));
  X509* const certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  ASSERT_TRUE(certificate != nullptr && key != nullptr);
  EXPECT_EQ(X509_check_private_key(certificate, key), 1);
  EXPECT_EQ(X509_verify(certificate, key), 1);
  EVP_PKEY_free(key);
  X509_free(certificate);
  BIO_free(key_bio);
  BIO_free(certificate_bio);
}

TEST_F(X509Test, SecretsThatAreNoScalarAreRefused) {
  // The order of P-256, and what surrounds it.
  const char* const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  std::string below = Unhex(order);
  below.back() = '\x50';
  EXPECT_TRUE(MakeTlsIdentity(KeyOf(below)).ok());
  for (const std::string& secret : {std::string(32, '\0'), Unhex(order), std::string(32, '\xff')}) {
    EXPECT_EQ(MakeTlsIdentity(KeyOf(secret)).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(X509Test, CertificatesOfOtherMakersHaveTheirOwnPins) {
  const Foreign ed25519 =
      CertificateOf(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), nullptr);
  const Foreign rsa = CertificateOf(EVP_RSA_gen(2048), EVP_sha256());
  for (const Foreign* foreign : {&ed25519, &rsa}) {
    const StatusOr<std::string> pin = PinOfCertificate(foreign->pem);
    ASSERT_TRUE(pin.ok()) << pin.status();
    EXPECT_EQ(*pin, foreign->pin);
    // Only the first certificate of a chain says who it is.
    EXPECT_EQ(*PinOfCertificate(foreign->pem + ed25519.pem + rsa.pem), foreign->pin);
  }
}

TEST_F(X509Test, WhatIsNoCertificateIsRefused) {
  const TlsIdentity identity = IdentityOf(KeyOf(Counting(32)));
  const std::string& pem = identity.certificate_pem;
  for (const std::string& text : {std::string(), std::string("x"), identity.private_key_pem,
                                  pem.substr(0, pem.size() / 2),
                                  std::string(1u << 17, 'x') + pem}) {
    EXPECT_EQ(PinOfCertificate(text).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(X509Test, PinsHaveOneSpelling) {
  const std::string pin = Counting(32);
  const std::string text = FormatPin(pin);
  EXPECT_EQ(text, "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const StatusOr<std::string> parsed = ParsePin(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, pin);
  std::string upper = text;
  upper[20] = 'A';
  for (const std::string& other :
       {std::string(), std::string("sha256:"), text.substr(7), "SHA256:" + text.substr(7),
        "sha512:" + text.substr(7), text + "0", text + "00", text.substr(0, text.size() - 2),
        " " + text, text + "\n", upper}) {
    EXPECT_EQ(ParsePin(other).status().code(), StatusCode::kInvalidArgument) << other;
  }
}

}  // namespace
}  // namespace gateway::crypto
