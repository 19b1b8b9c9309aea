// The plaintexts inside C2's hello and S2's box, and how they are parsed: bounded, nothing
// trailing.
#pragma once

#include "attestation/channel/exchange.h"
#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// A secret that travels in a box, in either direction.
inline constexpr size_t kMaxBoxedSecret = 256 * 1024;
// kind and id of a box: names, not data.
inline constexpr size_t kMaxBoxName = 256;
inline constexpr size_t kMaxProofTypeName = 16;
// Proof: evidence is the longest.
inline constexpr size_t kMaxProof = kMaxEvidenceSize;
inline constexpr size_t kGcmTagSize = 16;
// A sealed box or upload: lengths of four fields, two names, a generation, the secret, the tag.
inline constexpr size_t kMaxBox = 4 * 4 + 2 * kMaxBoxName + 4 + kMaxBoxedSecret + kGcmTagSize;
// A sealed hello: lengths of four fields, request, type, proof, payload, the tag.
inline constexpr size_t kMaxHello =
    4 * 4 + kMaxRequest + kMaxProofTypeName + kMaxProof + kMaxPayload + kGcmTagSize;
// TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET of an RSA-4096 key fit easily.
inline constexpr size_t kMaxCredentialPart = 1024;

// lp(request) lp(type) lp(proof) lp(payload)
struct HelloContent {
  Bytes request;
  ProofType proof_type = ProofType::kNone;
  Bytes proof;
  Bytes payload;
};
// INVALID_ARGUMENT where a part is longer than a receiver would take.
StatusOr<Bytes> EncodeHelloContent(const HelloContent& content);
// MALFORMED for bad lengths, an unknown type, trailing bytes, a proof without a type or a type
// without a proof.
StatusOr<HelloContent> ParseHelloContent(ByteView plaintext);

// lp(kind) lp(id) lp(u32be(generation)) lp(secret)
StatusOr<SecretBytes> EncodeBoxContent(const BoxContent& content);
// MALFORMED for bad lengths, an empty secret or trailing bytes.
StatusOr<BoxContent> ParseBoxContent(ByteView plaintext);

}  // namespace kedge
