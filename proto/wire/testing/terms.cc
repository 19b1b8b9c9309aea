#include "proto/wire/testing/terms.h"

#include "crypto/x509.h"

namespace kedge::wire {

ReferenceValues TestImage(std::vector<std::string> roles) {
  ReferenceValues image;
  image.image_name = "kedge-node-test";
  image.image_version = "0.1.0";
  image.roles = std::move(roles);
  for (const PcrIndex index : {4U, 9U, 12U, 13U}) {
    image.pcrs[index] = Bytes(32, static_cast<uint8_t>(index));
  }
  uint8_t value = 0xb0;
  for (const char* phase : {"enter-initrd", "leave-initrd", "sysinit", "ready"}) {
    image.pcr11_phases.emplace_back(phase, Bytes(32, value++));
  }
  return image;
}

const SigningKey& TestOwner() {
  static const SigningKey key = SigningKey::Generate(Curve::kP384).value();
  return key;
}

const RsaPrivateKey& TestSeedShareKey() {
  static const RsaPrivateKey key = RsaPrivateKey::Generate(3072).value();
  return key;
}

TpmRoot TestTpmRoot() {
  static const SigningKey key = SigningKey::Generate(Curve::kP256).value();
  const absl::Time now = absl::FromUnixSeconds(1'760'000'000);
  return {.name = "test TPM CA",
          .certificate_pem =
              CaCertificate(key, "test TPM CA", {now, now + absl::Hours(24 * 3650)}).value()};
}

ManifestTerms TestManifestTerms() {
  ManifestTerms terms;
  terms.cluster = "demo";
  terms.generation = 1;
  terms.images = {TestImage({"control-plane", "worker"})};
  for (const char* role : {"control-plane", "worker"}) {
    terms.roles.push_back({.role = role,
                           .evidence_levels = {EvidenceLevel::kHostVtpm},
                           .identity_kinds = {IdentityKind::kEk}});
  }
  const VerifyKey& owner = TestOwner().public_key();
  terms.owner_keys.push_back({"owner", owner, Sha256(owner.spki())});
  const RsaPublicKey& share = TestSeedShareKey().public_key();
  terms.seed_share_keys.push_back({"owner", share, Sha256(share.spki())});
  terms.tpm_roots = {TestTpmRoot()};
  return terms;
}

Invitation TestInvitation() {
  static const SigningKey service = SigningKey::Generate(Curve::kP256).value();
  Invitation invitation;
  invitation.cluster_id = Bytes(32, 0xc1);
  invitation.service_key_spki = service.public_key().spki();
  invitation.owner_key_digest = Sha256(TestOwner().public_key().spki());
  invitation.endpoints = {"192.168.77.11:7443"};
  invitation.node = "node-2";
  invitation.role = "worker";
  invitation.address = "192.168.77.12/24";
  invitation.gateway = "192.168.77.1";
  invitation.issue_time = absl::FromUnixSeconds(1'760'000'000);
  invitation.control_plane_images = {TestImage({"control-plane"})};
  invitation.tpm_roots = {TestTpmRoot()};
  invitation.minimum_generation = 1;
  return invitation;
}

}  // namespace kedge::wire
