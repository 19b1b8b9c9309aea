// Verifies ECDSA P-256 signatures over digests, and does nothing else. Made for evidence that
// brings its own key: an EVP key costs OpenSSL 3.0 several times the verification itself.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/status.h"

struct ec_key_st;

namespace kedge {

// Immutable and safe to share between threads.
class P256Verifier {
 public:
  // x || y, big-endian. MALFORMED for what is not a point of the curve.
  static StatusOr<P256Verifier> FromPoint(const ByteArray<64>& xy);
  // SubjectPublicKeyInfo in DER with an uncompressed point (RFC 5480). MALFORMED.
  static StatusOr<P256Verifier> FromSpki(ByteView spki);

  // `rs`: r || s, big-endian. PERMISSION_DENIED with fault BAD_SIGNATURE.
  Status VerifyDigest(const ByteArray<32>& digest, const ByteArray<64>& rs) const;
  // The signature in canonical DER (RFC 3279 section 2.2.3), the digest of any SHA-2: its first 32
  // bytes count. The same fault.
  Status VerifyDigestDer(ByteView digest, ByteView signature) const;

 private:
  explicit P256Verifier(std::shared_ptr<ec_key_st> key) : key_(std::move(key)) {}

  std::shared_ptr<ec_key_st> key_;
};

}  // namespace kedge
