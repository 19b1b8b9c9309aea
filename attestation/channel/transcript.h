// Every formula of docs/PROTOCOL.md, each in one function and nowhere else.
//
// H(label, a, b) below is SHA-512(lp(label) lp(a) lp(b)): every argument is one lp-encoded field, a
// composite (CTX0, CTX, proof_c) included. Pure functions, thread-safe.
#pragma once

#include <string_view>

#include "attestation/channel/exchange.h"
#include "crypto/digest.h"
#include "crypto/x25519.h"

namespace kedge {

inline constexpr size_t kNonceSize = 32;
inline constexpr size_t kStateSize = 8 + 32;
inline constexpr size_t kClusterIdSize = 32;
// An uncompressed P-256 point in its SubjectPublicKeyInfo (RFC 5480): TLS keys and identity keys.
inline constexpr size_t kP256SpkiSize = 91;
// A DER ECDSA signature on P-256 (RFC 3279 section 2.2.3).
inline constexpr size_t kMinP256Signature = 8;
inline constexpr size_t kMaxP256Signature = 72;

// state = u64be(generation) || SHA-256(manifest)
Bytes EncodeState(uint64_t generation, const Sha256Digest& manifest_digest);

struct HelloContext {
  std::string_view service_id;
  ByteView cluster_id;        // empty in AWAITING_*
  ByteView service_key_spki;  // empty in AWAITING_*; hashed to service_key_id
  ByteView state;
  ByteView nonce_c, epk_c, spki_c;
  ByteView nonce_s, epk_s, spki_s;
};

// CTX0: what both ends know after C1 and S1.
Bytes EncodeCtx0(const HelloContext& hello);
// CTX = lp(CTX0) lp(request)
Bytes EncodeCtx(ByteView ctx0, ByteView request);
// proof_c = lp(type) lp(proof)
Bytes EncodeProof(ProofType type, ByteView proof);

// What Sign_id signs (ECDSA P-256 with SHA-256 over these 64 bytes).
Bytes HelloSignatureMessage(ByteView ctx0);
Bytes IdentitySignatureMessage(ByteView ctx, ByteView proof_c, ByteView payload_s, ByteView box,
                               ByteView evidence_s);
Bytes UploadDoneSignatureMessage(ByteView ctx, ByteView proof_c, ByteView evidence_s,
                                 ByteView box_up, ByteView box_done);

// RD_c and RD_s.
ReportData ClientReportData(ProofType type, ByteView ctx, ByteView payload_c);
ReportData ServerReportData(ByteView ctx, ByteView proof_c, ByteView payload_s, ByteView box);

// What an owner key signs.
Bytes OwnerProofMessage(ByteView ctx);
// C2b: HMAC-SHA256(secret, lp("kedge/1 activate") lp(CTX))
Sha256Digest ActivationMac(const SecretBytes& secret, ByteView ctx);

// Keys. `z` is the X25519 result; each key seals exactly one message.
StatusOr<SecretBytes> HelloKey(const SecretBytes& z, ByteView ctx0);
struct BoxKeys {
  SecretBytes down;  // K_s: the box of S2
  SecretBytes up;    // K_u: C3
  SecretBytes done;  // K_d: S3
};
StatusOr<BoxKeys> DeriveBoxKeys(const SecretBytes& z, ByteView ctx, ByteView proof_c);

// Additional data of the four sealed messages.
Bytes HelloAad();
Bytes BoxAad();
Bytes BoxUpAad(ByteView ctx, ByteView proof_c, ByteView evidence_s);
// Also names the key that signs S3, so that nobody but the attested server can name it.
Bytes BoxDoneAad(ByteView ctx, ByteView proof_c, ByteView evidence_s, ByteView box_up,
                 ByteView service_key_spki);

}  // namespace kedge
