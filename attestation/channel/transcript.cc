#include "attestation/channel/transcript.h"

#include <initializer_list>
#include <utility>

#include "base/lp.h"
#include "crypto/hkdf.h"

namespace kedge {
namespace {

constexpr std::string_view kVersion = "kedge/1";
constexpr std::string_view kSuite = "X25519-HKDF-SHA256-A256GCM";
// The slot for a stronger binding ("tls-exporter" with 32 bytes) once gRPC offers one.
constexpr std::string_view kBindingType = "spki";
constexpr size_t kKeySize = 32;

Sha512Digest Hash(std::initializer_list<ByteView> fields) { return Sha512(Lp(fields)); }

Bytes HashBytes(std::initializer_list<ByteView> fields) { return ToBytes(Hash(fields)); }

Bytes Label(std::string_view label) { return Lp({AsBytes(label)}); }

}  // namespace

Bytes EncodeState(uint64_t generation, const Sha256Digest& manifest_digest) {
  return std::move(LpWriter().Raw(U64Be(generation)).Raw(manifest_digest)).Take();
}

Bytes EncodeCtx0(const HelloContext& hello) {
  Bytes service_key_id;
  if (!hello.service_key_spki.empty()) service_key_id = ToBytes(Sha256(hello.service_key_spki));
  return Lp({AsBytes(kVersion), AsBytes(kSuite), AsBytes(hello.service_id), hello.cluster_id,
             service_key_id, hello.state, hello.nonce_c, hello.epk_c, hello.spki_c, hello.nonce_s,
             hello.epk_s, hello.spki_s, AsBytes(kBindingType), ByteView()});
}

Bytes EncodeCtx(ByteView ctx0, ByteView request) { return Lp({ctx0, request}); }

Bytes EncodeProof(ProofType type, ByteView proof) { return Lp({AsBytes(ToString(type)), proof}); }

Bytes HelloSignatureMessage(ByteView ctx0) {
  return HashBytes({AsBytes("kedge/1 server hello"), ctx0});
}

Bytes IdentitySignatureMessage(ByteView ctx, ByteView proof_c, ByteView payload_s, ByteView box,
                               ByteView evidence_s) {
  return HashBytes(
      {AsBytes("kedge/1 server identity"), ctx, proof_c, Sha512(payload_s), box, evidence_s});
}

Bytes UploadDoneSignatureMessage(ByteView ctx, ByteView proof_c, ByteView evidence_s,
                                 ByteView box_up, ByteView box_done) {
  return HashBytes({AsBytes("kedge/1 upload done"), ctx, proof_c, evidence_s, box_up, box_done});
}

ReportData ClientReportData(ProofType type, ByteView ctx, ByteView payload_c) {
  return Hash(
      {AsBytes("kedge/1 client evidence"), AsBytes(ToString(type)), ctx, Sha512(payload_c)});
}

ReportData ServerReportData(ByteView ctx, ByteView proof_c, ByteView payload_s, ByteView box) {
  return Hash({AsBytes("kedge/1 server evidence"), ctx, proof_c, Sha512(payload_s), box});
}

Bytes OwnerProofMessage(ByteView ctx) { return HashBytes({AsBytes("kedge/1 owner proof"), ctx}); }

Sha256Digest ActivationMac(const SecretBytes& secret, ByteView ctx) {
  return HmacSha256(secret, Lp({AsBytes("kedge/1 activate"), ctx}));
}

StatusOr<SecretBytes> HelloKey(const SecretBytes& z, ByteView ctx0) {
  return HkdfSha256(z, Hash({AsBytes("kedge/1 hello key"), ctx0}), Label("kedge/1 c2s hello"),
                    kKeySize);
}

StatusOr<BoxKeys> DeriveBoxKeys(const SecretBytes& z, ByteView ctx, ByteView proof_c) {
  const Sha512Digest salt = Hash({AsBytes("kedge/1 key"), ctx, proof_c});
  BoxKeys keys;
  ASSIGN_OR_RETURN(keys.down, HkdfSha256(z, salt, Label("kedge/1 s2c box"), kKeySize));
  ASSIGN_OR_RETURN(keys.up, HkdfSha256(z, salt, Label("kedge/1 c2s box"), kKeySize));
  ASSIGN_OR_RETURN(keys.done, HkdfSha256(z, salt, Label("kedge/1 s2c done box"), kKeySize));
  return keys;
}

Bytes HelloAad() { return Label("kedge/1 hello"); }

Bytes BoxAad() { return Label("kedge/1 box"); }

Bytes BoxUpAad(ByteView ctx, ByteView proof_c, ByteView evidence_s) {
  return Lp({AsBytes("kedge/1 box up"), Hash({ctx, proof_c, evidence_s})});
}

Bytes BoxDoneAad(ByteView ctx, ByteView proof_c, ByteView evidence_s, ByteView box_up,
                 ByteView service_key_spki) {
  return Lp(
      {AsBytes("kedge/1 box done"), Hash({ctx, proof_c, evidence_s, box_up, service_key_spki})});
}

}  // namespace kedge
