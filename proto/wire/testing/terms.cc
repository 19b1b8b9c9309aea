#include "proto/wire/testing/terms.h"

#include "crypto/x509.h"

namespace kedge::testing {

const std::string& TestTpmRootPem() {
  static const std::string pem = [] {
    const SigningKey key = SigningKey::Generate(Curve::kP256).value();
    const absl::Time now = absl::FromUnixSeconds(1'760'000'000);
    return CaCertificate(key, "test TPM CA", {now, now + absl::Hours(24 * 3650)}).value();
  }();
  return pem;
}

wire::Invitation TestInvitation() {
  static const SigningKey service = SigningKey::Generate(Curve::kP256).value();
  wire::Invitation invitation;
  invitation.cluster_id = Bytes(32, 0xc1);
  invitation.service_key_spki = service.public_key().spki();
  invitation.owner_key_digest = Sha256(TestOwnerKey().public_key().spki());
  invitation.endpoints = {"192.168.77.11:7443"};
  invitation.node = "node-2";
  invitation.role = "worker";
  invitation.address = "192.168.77.12/24";
  invitation.gateway = "192.168.77.1";
  invitation.issue_time = absl::FromUnixSeconds(1'760'000'000);
  invitation.control_plane_images = {SampleImage()};
  invitation.tpm_roots = {{.name = "root", .certificate_pem = TestTpmRootPem()}};
  invitation.minimum_generation = 1;
  return invitation;
}

}  // namespace kedge::testing
