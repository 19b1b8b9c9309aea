// ASN.1 values of certificates and CRLs as our own types. For .cc files of this room only.
#pragma once

#include <absl/time/time.h>
#include <openssl/asn1.h>

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/openssl_ptr.h"

namespace kedge {

// A UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5). MALFORMED, naming `what`.
StatusOr<absl::Time> TimeOf(const ASN1_TIME* time, std::string_view what);
// RFC 3339 in UTC, for messages.
std::string TimeText(absl::Time time);

// The content octets of an INTEGER of at most 127 bytes. MALFORMED.
StatusOr<Bytes> IntegerContent(const ASN1_INTEGER* integer);

// What Certificate and CertificateList (RFC 5280) have in common.
struct SignedParts {
  ByteView content;    // the signed bytes, as they came in
  ByteView algorithm;  // AlgorithmIdentifier beside them
  ByteView signature;  // empty, which fits no key, where it is not a whole number of bytes
};
// Views into `der`. MALFORMED for what is not SEQUENCE {SEQUENCE, SEQUENCE, BIT STRING}.
StatusOr<SignedParts> SignedPartsOf(ByteView der);

// What an i2d_* function of OpenSSL writes for `object`.
template <typename T>
StatusOr<Bytes> EncodeWith(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size <= 0) return OpenSslError("encoding DER");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace kedge
