#include "tests/bench/evidence_crypto.h"

#include <absl/time/clock.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/x509.h"

namespace kedge::bench {
namespace {

constexpr size_t kHelloSize = 4096;
constexpr size_t kKeySize = 32;

}  // namespace

StatusOr<EvidenceCrypto> EvidenceCrypto::Make(EvidenceCryptoInputs inputs, Random& random) {
  ASSIGN_OR_RETURN(SigningKey identity, SigningKey::Generate(Curve::kP256));
  ASSIGN_OR_RETURN(SigningKey ca, SigningKey::Generate(Curve::kP384));
  const absl::Time now = absl::Now();
  ASSIGN_OR_RETURN(std::string ca_pem,
                   CaCertificate(ca, "bench", {now - absl::Hours(1), now + absl::Hours(9999)}));
  ASSIGN_OR_RETURN(const X25519KeyPair peer, X25519KeyPair::Generate(random));
  return EvidenceCrypto(std::move(inputs), std::move(identity), std::move(ca), std::move(ca_pem),
                        peer.public_key());
}

Status EvidenceCrypto::Run(Random& random) const {
  const Bytes salt(64, 1);
  // The agreement, and the keys of the hello and of both boxes.
  ASSIGN_OR_RETURN(const X25519KeyPair own, X25519KeyPair::Generate(random));
  ASSIGN_OR_RETURN(const SecretBytes agreed, own.Agree(peer_));
  ASSIGN_OR_RETURN(SecretBytes hello_key, HkdfSha256(agreed, salt, AsBytes("hello"), kKeySize));
  ASSIGN_OR_RETURN(const SecretBytes open_key, hello_key.Clone());
  ASSIGN_OR_RETURN(const Bytes hello,
                   SealOnce(std::move(hello_key), AsBytes("aad"), Bytes(kHelloSize, 2)));
  RETURN_IF_ERROR(OpenSealed(open_key, AsBytes("aad"), hello).status());
  ASSIGN_OR_RETURN(SecretBytes box_key, HkdfSha256(agreed, salt, AsBytes("box"), kKeySize));
  RETURN_IF_ERROR(SealOnce(std::move(box_key), AsBytes("aad"), Bytes(kKeySize, 3)).status());
  // Two derivations of a disk's key.
  ASSIGN_OR_RETURN(const SecretBytes kek, HkdfSha256(agreed, salt, AsBytes("kek"), kKeySize));
  RETURN_IF_ERROR(HkdfSha256(kek, salt, AsBytes("dek"), kKeySize).status());
  // sig_hello and sig_id.
  for (int i = 0; i < 2; ++i) RETURN_IF_ERROR(identity_.Sign(salt).status());
  // The client: its quote, its EK, its invitation.
  ASSIGN_OR_RETURN(const VerifyKey ak, VerifyKey::FromSpki(inputs_.ak_spki));
  RETURN_IF_ERROR(ak.Verify(inputs_.quoted, inputs_.quote_signature));
  RETURN_IF_ERROR(
      VerifyEkCertificate(inputs_.ek_certificate, {}, {inputs_.tpm_root_pem}, absl::Now())
          .status());
  ASSIGN_OR_RETURN(const VerifyKey owner, VerifyKey::FromSpki(inputs_.owner_spki));
  RETURN_IF_ERROR(owner.Verify(inputs_.invitation_message, inputs_.invitation_signature));
  // Its node certificate.
  const absl::Time now = absl::Now();
  return IssueNodeCertificate(ca_, ca_pem_, inputs_.certificate_request,
                              {.organisation = "system:nodes",
                               .common_name = "system:node:node-2",
                               .validity = {now - absl::Hours(1), now + absl::Hours(8760)},
                               .serial = Bytes(16, 1)})
      .status();
}

}  // namespace kedge::bench
