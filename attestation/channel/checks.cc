#include "attestation/channel/checks.h"

#include <string>

#include "attestation/channel/transcript.h"
#include "crypto/ecdsa.h"

namespace kedge {

Status ExpectSize(std::string_view name, ByteView field, size_t size) {
  return ExpectSizeBetween(name, field, size, size);
}

Status ExpectSizeBetween(std::string_view name, ByteView field, size_t min, size_t max) {
  if (field.size() >= min && field.size() <= max) return absl::OkStatus();
  return Malformed(
      std::string(name) + " has " + std::to_string(field.size()) + " bytes, expected " +
      (min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max)));
}

Status VerifyIdentitySignature(std::string_view name, ByteView spki, ByteView message,
                               ByteView signature) {
  RETURN_IF_ERROR(ExpectSizeBetween(name, signature, kMinP256Signature, kMaxP256Signature));
  ASSIGN_OR_RETURN(const VerifyKey key, VerifyKey::FromSpki(spki));
  if (key.curve() != Curve::kP256 || !Equal(key.spki(), spki)) {
    return Malformed("the service key is not a P-256 key in its canonical encoding");
  }
  return Annotate(key.Verify(message, signature), name);
}

}  // namespace kedge
