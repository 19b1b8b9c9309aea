#include "keyservice/core/owner_proof.h"

#include <absl/strings/str_cat.h>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxSignature = 256;  // DER of two P-384 integers is at most 104

Status NotOwner(std::string_view message) { return Refused("NOT_OWNER", message); }

}  // namespace

StatusOr<OwnerProof> ParseOwnerProof(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView digest, reader.Lp(32));
  ASSIGN_OR_RETURN(const ByteView signature, reader.Lp(kMaxSignature));
  RETURN_IF_ERROR(reader.ExpectEnd());
  const std::optional<Sha256Digest> key_digest = ToArray<32>(digest);
  if (!key_digest) return Malformed("an owner proof begins with a 32-byte key digest");
  return OwnerProof{.key_digest = *key_digest, .signature = ToBytes(signature)};
}

StatusOr<OwnerKey> VerifyOwnerProof(const OwnerProof& proof, ByteView message,
                                    const Manifest& manifest) {
  const OwnerKey* owner = manifest.FindOwnerKey(proof.key_digest);
  if (owner == nullptr) {
    return NotOwner(
        absl::StrCat("the manifest names no owner key with digest ", ToHex(proof.key_digest)));
  }
  RETURN_IF_ERROR(VerifyOwnerProof(proof, message, owner->key));
  return *owner;
}

Status VerifyOwnerProof(const OwnerProof& proof, ByteView message, const VerifyKey& owner) {
  if (proof.key_digest != Sha256(owner.spki())) {
    return NotOwner(absl::StrCat("the proof is of the key ", ToHex(proof.key_digest), ", expected ",
                                 ToHex(Sha256(owner.spki()))));
  }
  if (!owner.Verify(message, proof.signature).ok()) {
    return NotOwner("the owner's signature does not cover this exchange");
  }
  return absl::OkStatus();
}

}  // namespace kedge
