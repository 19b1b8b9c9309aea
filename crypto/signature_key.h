// A public key of those that certificates and revocation lists are signed with. For .cc files of
// this room, and as a part of Certificate.
#pragma once

#include <memory>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/p256_verifier.h"
#include "crypto/p384_verifier.h"

struct evp_pkey_st;

namespace kedge {

enum class KeyKind { kRsa, kEcP256, kEcP384, kOther };

// Immutable and safe to share between threads.
class SignatureKey {
 public:
  // kOther, which verifies nothing.
  SignatureKey() = default;
  // From SubjectPublicKeyInfo in DER. kOther for what is not RSA (rsaEncryption), P-256 or P-384
  // with named curve and uncompressed point, or is no key at all.
  static SignatureKey FromSpki(ByteView spki);

  KeyKind kind() const;
  int bits() const { return bits_; }  // of the modulus or the field; 0 for kOther
  // Strong enough to vouch for something: not kOther, RSA of at least 2048 bits.
  bool usable() const;

  // `algorithm` by its name in crypto/signature_algorithm.h; must be of this key's kind. Does not
  // ask usable(). PERMISSION_DENIED with fault BAD_SIGNATURE.
  Status Verify(std::string_view algorithm, ByteView message, ByteView signature) const;

 private:
  std::variant<std::monostate, std::shared_ptr<evp_pkey_st>, P256Verifier, P384Verifier> key_;
  int bits_ = 0;
};

}  // namespace kedge
