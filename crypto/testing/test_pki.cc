#include "crypto/testing/test_pki.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "crypto/openssl_ptr.h"

namespace kedge::testing {
namespace {

void Must(bool good) {
  if (!good) std::abort();
}

using CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL_free>>;

MdCtxPtr SigningContext(const TestKey& key, TestSignature signature) {
  MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* pkey = nullptr;
  const EVP_MD* hash = EVP_sha256();
  if (signature == TestSignature::kRsaPssSha384) hash = EVP_sha384();
  if (signature == TestSignature::kRsaSha1) hash = EVP_sha1();
  if (signature == TestSignature::kEcdsa && EVP_PKEY_get_bits(key.native()) > 256) {
    hash = EVP_sha384();
  }
  Must(EVP_DigestSignInit(context.get(), &pkey, hash, nullptr, key.native()) == 1);
  if (signature == TestSignature::kRsaPssSha384) {
    Must(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  return context;
}

void SetCommonName(X509_NAME* name, const std::string& value) {
  Must(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(value.data()),
                                  static_cast<int>(value.size()), -1, 0) == 1);
}

void AddConfigured(X509* certificate, int nid, const std::string& value) {
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void AddRaw(X509* certificate, const std::string& oid, ByteView content, bool critical) {
  ASN1_OBJECT* object = OBJ_txt2obj(oid.c_str(), 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  Must(object != nullptr && value != nullptr &&
       ASN1_OCTET_STRING_set(value, content.data(), static_cast<int>(content.size())) == 1);
  const X509ExtensionPtr extension(
      X509_EXTENSION_create_by_OBJ(nullptr, object, critical ? 1 : 0, value));
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
  ASN1_OBJECT_free(object);
  ASN1_OCTET_STRING_free(value);
}

template <typename T>
Bytes Encoded(int (*encode)(T*, unsigned char**), T* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  Must(size > 0);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace

TestKey::TestKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) { Must(key != nullptr); }
TestKey TestKey::Rsa(int bits) { return TestKey(EVP_RSA_gen(static_cast<unsigned>(bits))); }
TestKey TestKey::P256() { return TestKey(EVP_EC_gen("P-256")); }
TestKey TestKey::P384() { return TestKey(EVP_EC_gen("P-384")); }

TestKey TestKey::FromPem(const std::string& pem) {
  const BioPtr bio = ReadBio(AsBytes(pem));
  return TestKey(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

TestKey TestKey::FromSpki(ByteView spki) {
  const uint8_t* at = spki.data();
  return TestKey(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
}

Bytes TestKey::Spki() const { return *SpkiOf(native()); }

Bytes TestKey::Sign(ByteView message) const {
  const MdCtxPtr context = SigningContext(*this, TestSignature::kEcdsa);
  size_t size = 0;
  Must(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
  Bytes out(size);
  Must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1);
  out.resize(size);
  return out;
}

Bytes TestKey::SignRs(ByteView message) const {
  const Bytes der = Sign(message);
  const uint8_t* position = der.data();
  const EcdsaSigPtr signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  const int size = (EVP_PKEY_get_bits(native()) + 7) / 8;
  Bytes out(2 * static_cast<size_t>(size));
  Must(signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), size) == size &&
       BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + size, size) == size);
  return out;
}

Bytes MakeCertificate(const CertificateTerms& terms, const TestKey& subject, const TestKey& issuer,
                      TestSignature signature) {
  const X509Ptr certificate(X509_new());
  Must(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
       X509_set_pubkey(certificate.get(), subject.native()) == 1 &&
       ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), terms.serial) == 1);
  SetCommonName(X509_get_subject_name(certificate.get()), terms.subject);
  SetCommonName(X509_get_issuer_name(certificate.get()), terms.issuer);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(terms.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(terms.not_after));
  if (terms.ca) {
    AddConfigured(certificate.get(), NID_basic_constraints,
                  terms.path_length < 0
                      ? "critical,CA:TRUE"
                      : "critical,CA:TRUE,pathlen:" + std::to_string(terms.path_length));
  }
  if (!terms.key_usage.empty()) {
    AddConfigured(certificate.get(), NID_key_usage, "critical," + terms.key_usage);
  }
  for (const auto& [oid, content] : terms.extensions) {
    AddRaw(certificate.get(), oid, content, oid == terms.critical_oid);
  }
  const MdCtxPtr context = SigningContext(issuer, signature);
  Must(X509_sign_ctx(certificate.get(), context.get()) > 0);
  return Encoded<const X509>(i2d_X509, certificate.get());
}

Bytes MakeCrl(const CrlTerms& terms, const TestKey& issuer, TestSignature signature) {
  const CrlPtr crl(X509_CRL_new());
  X509_NAME* name = X509_NAME_new();
  SetCommonName(name, terms.issuer);
  Must(crl && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
       X509_CRL_set_issuer_name(crl.get(), name) == 1);
  X509_NAME_free(name);
  ASN1_TIME* time = ASN1_TIME_new();
  ASN1_TIME_set(time, absl::ToTimeT(terms.this_update));
  X509_CRL_set1_lastUpdate(crl.get(), time);
  for (long serial : terms.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    Must(ASN1_INTEGER_set(number, serial) == 1 &&
         X509_REVOKED_set_serialNumber(entry, number) == 1 &&
         X509_REVOKED_set_revocationDate(entry, time) == 1 &&
         X509_CRL_add0_revoked(crl.get(), entry) == 1);
    ASN1_INTEGER_free(number);
  }
  ASN1_TIME_set(time, absl::ToTimeT(terms.next_update));
  X509_CRL_set1_nextUpdate(crl.get(), time);
  ASN1_TIME_free(time);
  if (terms.number >= 0) {
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    Must(ASN1_INTEGER_set(number, terms.number) == 1 &&
         X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, number, 0, 0) == 1);
    ASN1_INTEGER_free(number);
  }
  const MdCtxPtr context = SigningContext(issuer, signature);
  Must(X509_CRL_sort(crl.get()) == 1 && X509_CRL_sign_ctx(crl.get(), context.get()) > 0);
  return Encoded<const X509_CRL>(i2d_X509_CRL, crl.get());
}

std::string ToPem(ByteView der, const std::string& label) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Must(bio &&
       PEM_write_bio(bio.get(), label.c_str(), "", der.data(), static_cast<long>(der.size())) > 0);
  return std::string(AsText(Written(bio)));
}

}  // namespace kedge::testing
