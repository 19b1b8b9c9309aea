#include "proto/wire/manifest.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "crypto/x509.h"
#include "proto/wire/images.h"
#include "proto/wire/json.h"
#include "proto/wire/policy_rules.h"

namespace kedge::wire {
namespace {

constexpr char kFormat[] = "kedge.manifest.v1";
constexpr JsonLimits kLimits{.max_bytes = kMaxManifestSize, .max_depth = 10, .max_values = 32768};

StatusOr<RolePolicy> FromWire(const v1::RolePolicy& policy) {
  RolePolicy out{.role = policy.role(), .evidence_levels = {}, .identity_kinds = {}};
  for (const std::string& text : policy.evidence_levels()) {
    ASSIGN_OR_RETURN(out.evidence_levels.emplace_back(), ParseEvidenceLevel(text));
  }
  for (const std::string& text : policy.identity_kinds()) {
    ASSIGN_OR_RETURN(out.identity_kinds.emplace_back(), ParseIdentityKind(text));
  }
  return out;
}

StatusOr<ManifestTerms> FromWire(const v1::Manifest& message) {
  ManifestTerms terms;
  terms.cluster = message.cluster();
  terms.generation = message.generation();
  for (const v1::Image& image : message.images()) {
    ASSIGN_OR_RETURN(terms.images.emplace_back(), wire::FromWire(image));
  }
  for (const v1::RolePolicy& policy : message.roles()) {
    ASSIGN_OR_RETURN(terms.roles.emplace_back(), FromWire(policy));
  }
  for (const v1::OwnerKey& entry : message.owner_keys()) {
    StatusOr<VerifyKey> key = VerifyKey::FromPem(entry.public_key_pem());
    if (!key.ok()) return Annotate(key.status(), "owner_keys: " + entry.name());
    const Sha256Digest digest = Sha256(key->spki());
    terms.owner_keys.push_back({entry.name(), *std::move(key), digest});
  }
  // Unset in manifests from before there was one: any owner alone.
  terms.owner_threshold = std::max(message.owner_threshold(), uint32_t{1});
  for (const v1::SeedShareKey& entry : message.seed_share_keys()) {
    StatusOr<RsaPublicKey> key = RsaPublicKey::FromPem(entry.public_key_pem());
    if (!key.ok()) return Annotate(key.status(), "seed_share_keys: " + entry.name());
    const Sha256Digest digest = Sha256(key->spki());
    terms.seed_share_keys.push_back({entry.name(), *std::move(key), digest});
  }
  for (const v1::TpmRootCertificate& root : message.tpm_roots()) {
    const Status usable = CheckCertificateBundle(root.certificate_pem());
    RETURN_IF_ERROR(Annotate(usable, "tpm_roots: " + root.name()));
    terms.tpm_roots.push_back(wire::FromWire(root));
  }
  if (message.has_attestation_policy()) {
    ASSIGN_OR_RETURN(terms.attestation, RulesFromWire(message.attestation_policy()));
  }
  return terms;
}

}  // namespace

StatusOr<Manifest> ParseManifest(ByteView bytes) {
  v1::Manifest message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(bytes), kLimits, &message), "manifest"));
  if (message.format() != kFormat) {
    return Malformed(
        absl::StrCat("manifest: format is '", message.format(), "', expected '", kFormat, "'"));
  }
  StatusOr<ManifestTerms> terms = FromWire(message);
  if (!terms.ok()) return Annotate(terms.status(), "manifest");
  StatusOr<Manifest> manifest = Manifest::Create(*std::move(terms), ToBytes(bytes));
  if (!manifest.ok()) return Annotate(manifest.status(), "manifest");
  return manifest;
}

StatusOr<std::string> PrintManifest(const ManifestTerms& terms) {
  v1::Manifest message;
  message.set_format(kFormat);
  message.set_cluster(terms.cluster);
  message.set_generation(terms.generation);
  for (const ReferenceValues& image : terms.images) ToWire(image, message.add_images());
  for (const RolePolicy& policy : terms.roles) {
    v1::RolePolicy* out = message.add_roles();
    out->set_role(policy.role);
    for (EvidenceLevel level : policy.evidence_levels) {
      out->add_evidence_levels(std::string(ToString(level)));
    }
    for (IdentityKind kind : policy.identity_kinds) {
      out->add_identity_kinds(std::string(ToString(kind)));
    }
  }
  for (const OwnerKey& key : terms.owner_keys) {
    v1::OwnerKey* out = message.add_owner_keys();
    out->set_name(key.name);
    out->set_public_key_pem(key.key.Pem());
  }
  if (terms.owner_threshold > 1) message.set_owner_threshold(terms.owner_threshold);
  for (const SeedShareKey& key : terms.seed_share_keys) {
    v1::SeedShareKey* out = message.add_seed_share_keys();
    out->set_name(key.name);
    out->set_public_key_pem(key.key.Pem());
  }
  for (const TpmRoot& root : terms.tpm_roots) ToWire(root, message.add_tpm_roots());
  if (terms.attestation) {
    RETURN_IF_ERROR(ToWire(*terms.attestation, message.mutable_attestation_policy()));
  }
  return PrintJson(message);
}

}  // namespace kedge::wire
