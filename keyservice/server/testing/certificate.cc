#include "keyservice/server/testing/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace kedge::testing {
namespace {

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

X509Ptr Read(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

absl::Time TimeOf(const ASN1_TIME* time) {
  tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return absl::FromTM(parts, absl::UTCTimeZone());
}

}  // namespace

StatusOr<ShownCertificate> DescribeCertificate(const std::string& pem) {
  const X509Ptr certificate = Read(pem);
  if (!certificate) return Malformed("no certificate");
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate.get()), 0,
                     XN_FLAG_SEP_COMMA_PLUS);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return ShownCertificate{.subject = std::string(text, static_cast<size_t>(size)),
                          .not_before = TimeOf(X509_get0_notBefore(certificate.get())),
                          .not_after = TimeOf(X509_get0_notAfter(certificate.get()))};
}

bool IsIssuedBy(const std::string& pem, const std::string& ca_pem) {
  const X509Ptr certificate = Read(pem);
  const X509Ptr ca = Read(ca_pem);
  return certificate && ca && X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1;
}

}  // namespace kedge::testing
