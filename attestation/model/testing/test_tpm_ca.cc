#include "attestation/model/testing/test_tpm_ca.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>

namespace kedge::testing {
namespace {

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Deleter>;

// A test without its certificate authority means nothing: stop.
void Demand(bool good) {
  if (!good) std::abort();
}

Certificate NewCertificate(long serial, EVP_PKEY* subject_key) {
  Certificate certificate(X509_new());
  Demand(certificate != nullptr);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "20200101000000Z");
  ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "20491231235959Z");
  X509_set_pubkey(certificate.get(), subject_key);
  return certificate;
}

Certificate FromPem(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  Demand(certificate != nullptr);
  return certificate;
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  Demand(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void AddTpmManufacturer(X509* certificate) {
  X509_NAME* name = X509_NAME_new();
  const auto add = [name](const char* oid, const char* value) {
    ASN1_OBJECT* type = OBJ_txt2obj(oid, 1);
    X509_NAME_add_entry_by_OBJ(name, type, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value), -1, -1, 0);
    ASN1_OBJECT_free(type);
  };
  add("2.23.133.2.1", "id:00001014");
  add("2.23.133.2.2", "test");
  add("2.23.133.2.3", "id:20191023");
  GENERAL_NAME* general = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(general, GEN_DIRNAME, name);
  GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
  sk_GENERAL_NAME_push(names, general);
  Demand(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 1, 0) == 1);
  GENERAL_NAMES_free(names);
}

}  // namespace

TestTpmCa::TestTpmCa(const std::string& common_name) : TestTpmCa(common_name, nullptr) {}

TestTpmCa TestTpmCa::Below(const TestTpmCa& root, const std::string& common_name) {
  return TestTpmCa(common_name, &root);
}

TestTpmCa::TestTpmCa(const std::string& common_name, const TestTpmCa* issuer)
    : key_(EVP_EC_gen("P-256"), [](EVP_PKEY* key) { EVP_PKEY_free(key); }) {
  Demand(key_ != nullptr);
  const Certificate own = NewCertificate(1, key_.get());
  X509_NAME* name = X509_get_subject_name(own.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  if (issuer == nullptr) {
    X509_set_issuer_name(own.get(), name);
  } else {
    const Certificate above = FromPem(issuer->root_pem_);
    X509_set_issuer_name(own.get(), X509_get_subject_name(above.get()));
  }
  AddExtension(own.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  Demand(X509_sign(own.get(), issuer == nullptr ? key_.get() : issuer->key_.get(), EVP_sha256()) >
         0);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, own.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  root_pem_.assign(text, static_cast<size_t>(size));
  BIO_free(bio);
}

Bytes TestTpmCa::IssueEkCertificate(ByteView ek_spki) const {
  const Certificate root = FromPem(root_pem_);
  const unsigned char* at = ek_spki.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> subject(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(ek_spki.size())), EVP_PKEY_free);
  Demand(subject != nullptr);
  const Certificate leaf = NewCertificate(2, subject.get());
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(root.get()));
  AddExtension(leaf.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddTpmManufacturer(leaf.get());
  AddExtension(leaf.get(), NID_key_usage,
               EVP_PKEY_is_a(subject.get(), "RSA") == 1 ? "critical,keyEncipherment"
                                                        : "critical,keyAgreement");
  AddExtension(leaf.get(), NID_ext_key_usage, "2.23.133.8.1");
  Demand(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf.get(), &der);
  Demand(size > 0);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace kedge::testing
