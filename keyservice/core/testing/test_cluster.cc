#include "keyservice/core/testing/test_cluster.h"

#include <cstdlib>
#include <iostream>

namespace kedge::testing {
namespace {

template <typename T>
T Must(StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

}  // namespace

const SigningKey& TestOwnerKey() {
  static const SigningKey key = Must(SigningKey::Generate(Curve::kP384));
  return key;
}

const RsaPrivateKey& TestSeedShareKey() {
  static const RsaPrivateKey key = Must(RsaPrivateKey::Generate(3072));
  return key;
}

OwnerKey OwnerKeyEntry(const std::string& name, const VerifyKey& key) {
  return {.name = name, .key = key, .digest = Sha256(key.spki())};
}

ReferenceValues SampleImage() {
  ReferenceValues image{.image_name = "kedge-test",
                        .image_version = "1",
                        .roles = {std::string(kRoleControlPlane), std::string(kRoleWorker)},
                        .pcrs = {},
                        .pcr11_phases = {}};
  for (const PcrIndex index : {4u, 9u}) image.pcrs[index] = Bytes(32, static_cast<uint8_t>(index));
  for (const PcrIndex index : {12u, 13u}) image.pcrs[index] = Bytes(32);
  uint8_t value = 0xB0;
  for (const char* phase : {"enter-initrd", "leave-initrd", "sysinit", "ready"}) {
    image.pcr11_phases.emplace_back(phase, Bytes(32, ++value));
  }
  return image;
}

ManifestTerms TestManifestTerms(const std::string& tpm_root_pem) {
  ManifestTerms terms;
  terms.cluster = "test";
  terms.generation = 1;
  terms.images = {SampleImage()};
  for (const std::string_view role : {kRoleControlPlane, kRoleWorker}) {
    terms.roles.push_back({.role = std::string(role),
                           .evidence_levels = {EvidenceLevel::kHostVtpm},
                           .identity_kinds = {IdentityKind::kEk}});
  }
  terms.owner_keys = {OwnerKeyEntry("owner", TestOwnerKey().public_key())};
  const RsaPublicKey& share = TestSeedShareKey().public_key();
  terms.seed_share_keys = {{.name = "owner", .key = share, .digest = Sha256(share.spki())}};
  terms.tpm_roots = {{.name = "root", .certificate_pem = tpm_root_pem}};
  return terms;
}

Manifest MakeManifest(ManifestTerms terms, std::string_view bytes) {
  return Must(Manifest::Create(std::move(terms), ToBytes(bytes)));
}

}  // namespace kedge::testing
