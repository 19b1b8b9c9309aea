// The manifest: what the owner lets the key service trust. Validated once, immutable after that.
//
// Its file form is strict JSON (proto/wire/manifest.h). The exact bytes of the file are its
// identity: their SHA-256 is what transcripts, receipts and transitions carry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/verify/verify.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"
#include "crypto/rsa.h"

namespace kedge {

inline constexpr size_t kMaxManifestSize = 192 * 1024;
inline constexpr std::string_view kRoleControlPlane = "control-plane";
inline constexpr std::string_view kRoleWorker = "worker";

struct RolePolicy {
  std::string role;
  std::vector<EvidenceLevel> evidence_levels;  // "host-vtpm" only where it is written down
  std::vector<IdentityKind> identity_kinds;
};

struct OwnerKey {
  std::string name;
  VerifyKey key;        // P-384
  Sha256Digest digest;  // SHA-256 of the SPKI
};

struct SeedShareKey {
  std::string name;
  RsaPublicKey key;     // at least 3,072 bits
  Sha256Digest digest;  // SHA-256 of the SPKI
};

// The manifest's content before validation.
struct ManifestTerms {
  std::string cluster;
  uint64_t generation = 0;
  std::vector<ReferenceValues> images;
  std::vector<RolePolicy> roles;
  std::vector<OwnerKey> owner_keys;
  uint32_t owner_threshold = 1;  // how many owner keys must approve the manifest after this one
  std::vector<SeedShareKey> seed_share_keys;
  std::vector<TpmRoot> tpm_roots;
  std::optional<AttestationRules> attestation = {};  // nullopt: no evidence of a TEE is accepted
};

class Manifest {
 public:
  // `bytes` is the file that `terms` were read from. An unset security field is an error; so are
  // names used twice and an image or policy for a role that does not exist. INVALID_ARGUMENT with
  // fault MANIFEST_NOT_VALID; the message names the field and what is expected.
  static StatusOr<Manifest> Create(ManifestTerms terms, Bytes bytes);

  const std::string& cluster() const { return terms_.cluster; }
  uint64_t generation() const { return terms_.generation; }
  const Bytes& bytes() const { return bytes_; }
  const Sha256Digest& digest() const { return digest_; }  // SHA-256 of bytes()

  const std::vector<ReferenceValues>& images() const { return terms_.images; }
  const std::vector<RolePolicy>& roles() const { return terms_.roles; }
  const std::vector<OwnerKey>& owner_keys() const { return terms_.owner_keys; }
  uint32_t owner_threshold() const { return terms_.owner_threshold; }
  const std::vector<SeedShareKey>& seed_share_keys() const { return terms_.seed_share_keys; }
  const std::vector<TpmRoot>& tpm_roots() const { return terms_.tpm_roots; }

  // What is accepted of TEEs; null where the manifest does not say.
  const AttestationPolicy* attestation_policy() const {
    return terms_.attestation ? &terms_.attestation->policy : nullptr;
  }
  // The same with its text.
  const AttestationRules* attestation_rules() const {
    return terms_.attestation ? &*terms_.attestation : nullptr;
  }

  // Null where the manifest has no such role, or no such key.
  const RolePolicy* FindRole(std::string_view role) const;
  const OwnerKey* FindOwnerKey(const Sha256Digest& spki_digest) const;
  // The images that name `role`; never empty for a role that FindRole finds.
  std::vector<ReferenceValues> ImagesFor(std::string_view role) const;

 private:
  Manifest(ManifestTerms terms, Bytes bytes, const Sha256Digest& digest)
      : terms_(std::move(terms)), bytes_(std::move(bytes)), digest_(digest) {}

  ManifestTerms terms_;
  Bytes bytes_;
  Sha256Digest digest_;
};

// The reverse of ToString; MALFORMED for anything else.
StatusOr<EvidenceLevel> ParseEvidenceLevel(std::string_view text);
StatusOr<IdentityKind> ParseIdentityKind(std::string_view text);

// Shared by manifest and invitation: PCR 4, 9, 12 and 13 with 32 bytes each, PCR 11 for every phase
// of the boot with the first "enter-initrd", a name, a version. `where` begins the message.
Status ValidateReferenceValues(const ReferenceValues& image, std::string_view where);

}  // namespace kedge
