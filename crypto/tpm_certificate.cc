#include "crypto/tpm_certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

using PurposesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpenSslFree<EXTENDED_KEY_USAGE_free>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, OpenSslFree<ASN1_BIT_STRING_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

// Bits of KeyUsage (RFC 5280 section 4.2.1.3).
constexpr int kDigitalSignature = 0;
constexpr int kKeyEncipherment = 2;
constexpr int kKeyAgreement = 4;

std::string OidText(const ASN1_OBJECT* object) {
  char text[128] = "";
  OBJ_obj2txt(text, sizeof text, object, /*no_name=*/1);
  return text;
}

// `parse` is one of OpenSSL's d2i functions; all of the extension must be read.
template <typename Ptr, typename Parse>
StatusOr<Ptr> ReadExtension(const CertificateExtension& extension, Parse parse) {
  const uint8_t* position = extension.value.data();
  Ptr out(parse(nullptr, &position, static_cast<long>(extension.value.size())));
  if (!out || position != extension.value.data() + extension.value.size()) {
    ClearOpenSslErrors();
    return Malformed("certificate extension " + extension.oid + " cannot be read");
  }
  return out;
}

void ReadDirectoryName(const X509_NAME* name, TpmCertificateTerms& out) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const std::string oid = OidText(X509_NAME_ENTRY_get_object(entry));
    std::string* field = oid == "2.23.133.2.1"   ? &out.manufacturer
                         : oid == "2.23.133.2.2" ? &out.model
                         : oid == "2.23.133.2.3" ? &out.version
                                                 : nullptr;
    if (field == nullptr) continue;
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
    const uint8_t* data = ASN1_STRING_get0_data(value);
    field->clear();
    for (int at = 0; at < ASN1_STRING_length(value); ++at) {
      field->push_back(data[at] >= 0x20 && data[at] < 0x7F ? static_cast<char>(data[at]) : '?');
    }
  }
}

}  // namespace

bool TpmCertificateTerms::HasPurpose(std::string_view oid) const {
  return std::find(purposes.begin(), purposes.end(), oid) != purposes.end();
}

StatusOr<TpmCertificateTerms> ReadTpmCertificateTerms(const Certificate& certificate) {
  TpmCertificateTerms out;
  if (const CertificateExtension* usage = certificate.FindExtension("2.5.29.15")) {
    ASSIGN_OR_RETURN(const BitsPtr bits, ReadExtension<BitsPtr>(*usage, d2i_ASN1_BIT_STRING));
    const auto has = [&bits](int bit) { return ASN1_BIT_STRING_get_bit(bits.get(), bit) == 1; };
    out.for_signing = has(kDigitalSignature);
    out.for_encryption = has(kKeyEncipherment) || has(kKeyAgreement);
  }
  if (const CertificateExtension* purposes = certificate.FindExtension("2.5.29.37")) {
    ASSIGN_OR_RETURN(const PurposesPtr list,
                     ReadExtension<PurposesPtr>(*purposes, d2i_EXTENDED_KEY_USAGE));
    for (int i = 0; i < sk_ASN1_OBJECT_num(list.get()); ++i) {
      out.purposes.push_back(OidText(sk_ASN1_OBJECT_value(list.get(), i)));
    }
  }
  if (const CertificateExtension* names = certificate.FindExtension("2.5.29.17")) {
    ASSIGN_OR_RETURN(const NamesPtr list, ReadExtension<NamesPtr>(*names, d2i_GENERAL_NAMES));
    for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
      if (name->type == GEN_DIRNAME) ReadDirectoryName(name->d.directoryName, out);
    }
  }
  return out;
}

}  // namespace kedge
