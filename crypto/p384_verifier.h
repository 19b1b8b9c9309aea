// Verifies ECDSA P-384 signatures over digests, and does nothing else: over nettle, which is 1.8
// times as fast at it as OpenSSL 3.0 (docs/adr/0004-p384-over-nettle.md). What nettle refuses,
// OpenSSL decides.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/status.h"

struct ecc_point;

namespace kedge {

// Immutable and safe to share between threads.
class P384Verifier {
 public:
  // x || y, big-endian. MALFORMED for what is not a point of the curve.
  static StatusOr<P384Verifier> FromPoint(const ByteArray<96>& xy);
  // SubjectPublicKeyInfo in DER with an uncompressed point (RFC 5480). MALFORMED.
  static StatusOr<P384Verifier> FromSpki(ByteView spki);

  // `r`, `s`: big-endian, at most 48 bytes each. `digest` of any SHA-2: its first 48 bytes count.
  // PERMISSION_DENIED with fault BAD_SIGNATURE.
  Status VerifyDigest(ByteView digest, ByteView r, ByteView s) const;
  // The signature in canonical DER (RFC 3279 section 2.2.3). The same fault.
  Status VerifyDigestDer(ByteView digest, ByteView signature) const;

 private:
  P384Verifier(std::shared_ptr<const ecc_point> key, const ByteArray<96>& xy)
      : key_(std::move(key)), xy_(xy) {}

  std::shared_ptr<const ecc_point> key_;
  ByteArray<96> xy_;
};

}  // namespace kedge
