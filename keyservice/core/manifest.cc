#include "keyservice/core/manifest.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/names.h"

namespace kedge {
namespace {

constexpr size_t kLaunchDigest = 48;  // SHA-384, of SNP and TDX alike
constexpr size_t kMaxEntries = 256;
constexpr std::array<PcrIndex, 4> kImagePcrs = {4, 9, 12, 13};
constexpr std::array<std::string_view, 4> kPhases = {"enter-initrd", "leave-initrd", "sysinit",
                                                     "ready"};

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

template <typename... Parts>
Status NotValid(const Parts&... parts) {
  return MakeFault(StatusCode::kInvalidArgument, "MANIFEST_NOT_VALID", Advice::kAskOperator,
                   absl::StrCat(parts...));
}

bool IsRole(std::string_view role) { return role == kRoleControlPlane || role == kRoleWorker; }

// Names that people give to images, keys and roots: printable, one line.
bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

template <typename T, typename NameOf>
Status CheckNames(const std::vector<T>& entries, std::string_view field, NameOf name_of) {
  if (entries.empty()) {
    return NotValid(Absl(field), " is unset: the manifest must name at least one");
  }
  if (entries.size() > kMaxEntries) {
    return NotValid(Absl(field), " has more than ", kMaxEntries, " entries");
  }
  std::set<std::string> seen;
  for (const T& entry : entries) {
    const std::string name = name_of(entry);
    if (!IsLabel(name)) {
      return NotValid(Absl(field), ": every entry needs a name of 1 to 128 printable characters");
    }
    if (!seen.insert(name).second) return NotValid(Absl(field), ": '", name, "' is there twice");
  }
  return absl::OkStatus();
}

Status CheckRoles(const ManifestTerms& terms) {
  RETURN_IF_ERROR(CheckNames(terms.roles, "roles", [](const RolePolicy& r) { return r.role; }));
  for (const RolePolicy& policy : terms.roles) {
    if (!IsRole(policy.role)) {
      return NotValid("roles: '", policy.role, "' is neither control-plane nor worker");
    }
    if (policy.evidence_levels.empty()) {
      return NotValid("roles: ", policy.role,
                      ": evidence_levels is unset: name the levels that you accept "
                      "(tee-measured, tee-vtpm, or host-vtpm, which is not confidential)");
    }
    if (policy.identity_kinds.empty()) {
      return NotValid("roles: ", policy.role,
                      ": identity_kinds is unset: name the hardware identities that you accept "
                      "(ek)");
    }
    const bool has_image =
        std::any_of(terms.images.begin(), terms.images.end(), [&](const ReferenceValues& image) {
          return std::find(image.roles.begin(), image.roles.end(), policy.role) !=
                 image.roles.end();
        });
    if (!has_image) return NotValid("images: none is for the role ", policy.role);
  }
  return absl::OkStatus();
}

Status CheckImages(const ManifestTerms& terms) {
  RETURN_IF_ERROR(CheckNames(terms.images, "images", [](const ReferenceValues& image) {
    return absl::StrCat(image.image_name, " ", image.image_version);
  }));
  for (const ReferenceValues& image : terms.images) {
    const std::string where = absl::StrCat("images: ", image.image_name);
    RETURN_IF_ERROR(ValidateReferenceValues(image, where));
    if (image.roles.empty()) return NotValid(where, ": roles is unset");
    for (const std::string& role : image.roles) {
      const bool known = std::any_of(terms.roles.begin(), terms.roles.end(),
                                     [&](const RolePolicy& p) { return p.role == role; });
      if (!known) return NotValid(where, ": the role '", role, "' has no entry in roles");
    }
  }
  return absl::OkStatus();
}

Status CheckKeys(const ManifestTerms& terms) {
  RETURN_IF_ERROR(
      CheckNames(terms.owner_keys, "owner_keys", [](const OwnerKey& key) { return key.name; }));
  for (const OwnerKey& key : terms.owner_keys) {
    if (key.key.curve() != Curve::kP384) {
      return NotValid("owner_keys: ", key.name, ": must be an ECDSA key on P-384");
    }
    if (key.digest != Sha256(key.key.spki())) {
      return NotValid("owner_keys: ", key.name, ": digest is not the key's");
    }
  }
  std::set<Sha256Digest> owners;
  for (const OwnerKey& key : terms.owner_keys) owners.insert(key.digest);
  if (terms.owner_threshold == 0 || terms.owner_threshold > owners.size()) {
    return NotValid("owner_threshold is ", terms.owner_threshold, ": expected 1 to ", owners.size(),
                    ", the number of different owner keys");
  }
  RETURN_IF_ERROR(CheckNames(terms.seed_share_keys, "seed_share_keys",
                             [](const SeedShareKey& key) { return key.name; }));
  for (const SeedShareKey& key : terms.seed_share_keys) {
    if (key.digest != Sha256(key.key.spki())) {
      return NotValid("seed_share_keys: ", key.name, ": digest is not the key's");
    }
  }
  return CheckNames(terms.tpm_roots, "tpm_roots", [](const TpmRoot& root) { return root.name; });
}

// What would be written in vain is refused: the owner would rely on it.
Status CheckAttestation(const ManifestTerms& terms) {
  if (!terms.attestation) return absl::OkStatus();
  const AttestationPolicy& policy = terms.attestation->policy;
  if (policy.tpm) {
    return NotValid(
        "attestation_policy: tpm: the key service judges registers by images, and TPMs "
        "by tpm_roots: leave these rules out");
  }
  if (!policy.snp && !policy.tdx) {
    return NotValid(
        "attestation_policy: speaks of no TEE: add rules for snp or tdx, or leave it out");
  }
  return absl::OkStatus();
}

}  // namespace

Status ValidateReferenceValues(const ReferenceValues& image, std::string_view where) {
  if (!IsLabel(image.image_name) || !IsLabel(image.image_version)) {
    return NotValid(Absl(where), ": image name and version must be set");
  }
  for (PcrIndex index : kImagePcrs) {
    const auto found = image.pcrs.find(index);
    if (found == image.pcrs.end()) {
      return NotValid(Absl(where), ": the value of PCR ", index,
                      " is unset: make reference values with image/predict");
    }
    if (found->second.size() != DigestSize(PcrBank::kSha256)) {
      return NotValid(Absl(where), ": the value of PCR ", index, " must be 32 bytes");
    }
  }
  if (image.pcrs.size() != kImagePcrs.size()) {
    return NotValid(Absl(where), ": only PCR 4, 9, 12 and 13 may have values here");
  }
  if (image.pcr11_phases.size() != kPhases.size()) {
    return NotValid(Absl(where),
                    ": PCR 11 needs a value for each of enter-initrd, leave-initrd, "
                    "sysinit and ready, in this order");
  }
  for (const LaunchReference& launch : image.launch) {
    const size_t rtmr = launch.tee == Tee::kTdx ? kLaunchDigest : 0;
    if (launch.tee == Tee::kNone || launch.measurement.size() != kLaunchDigest ||
        launch.rtmr1.size() != rtmr || launch.rtmr2.size() != rtmr) {
      return NotValid(
          Absl(where),
          ": launch: expected tee snp with a measurement, or tdx with measurement, rtmr1 "
          "and rtmr2, 48 bytes each");
    }
  }
  std::set<Bytes> seen;
  for (size_t i = 0; i < kPhases.size(); ++i) {
    const auto& [phase, value] = image.pcr11_phases[i];
    if (phase != kPhases[i]) {
      return NotValid(Absl(where), ": PCR 11: expected the phase ", Absl(kPhases[i]), ", found '",
                      phase, "'");
    }
    if (value.size() != DigestSize(PcrBank::kSha256)) {
      return NotValid(Absl(where), ": PCR 11 at ", phase, " must be 32 bytes");
    }
    if (!seen.insert(value).second) {
      return NotValid(Absl(where), ": PCR 11 at ", phase, " is the value of an earlier phase");
    }
  }
  return absl::OkStatus();
}

StatusOr<Manifest> Manifest::Create(ManifestTerms terms, Bytes bytes) {
  if (!IsName(terms.cluster)) {
    return NotValid("cluster: expected 1 to 63 of a-z, 0-9 and '-', a letter or digit at the ends");
  }
  if (terms.generation == 0) return NotValid("generation is unset: the first manifest has 1");
  RETURN_IF_ERROR(CheckRoles(terms));
  RETURN_IF_ERROR(CheckImages(terms));
  RETURN_IF_ERROR(CheckKeys(terms));
  RETURN_IF_ERROR(CheckAttestation(terms));
  const Sha256Digest digest = Sha256(bytes);
  return Manifest(std::move(terms), std::move(bytes), digest);
}

const RolePolicy* Manifest::FindRole(std::string_view role) const {
  for (const RolePolicy& policy : terms_.roles) {
    if (policy.role == role) return &policy;
  }
  return nullptr;
}

const OwnerKey* Manifest::FindOwnerKey(const Sha256Digest& spki_digest) const {
  for (const OwnerKey& key : terms_.owner_keys) {
    if (key.digest == spki_digest) return &key;
  }
  return nullptr;
}

std::vector<ReferenceValues> Manifest::ImagesFor(std::string_view role) const {
  std::vector<ReferenceValues> out;
  for (const ReferenceValues& image : terms_.images) {
    if (std::find(image.roles.begin(), image.roles.end(), role) != image.roles.end()) {
      out.push_back(image);
    }
  }
  return out;
}

StatusOr<EvidenceLevel> ParseEvidenceLevel(std::string_view text) {
  for (EvidenceLevel level :
       {EvidenceLevel::kHostVtpm, EvidenceLevel::kTeeVtpm, EvidenceLevel::kTeeMeasured}) {
    if (text == ToString(level)) return level;
  }
  return Malformed(absl::StrCat("unknown evidence level '", Absl(text),
                                "': expected host-vtpm, tee-vtpm or tee-measured"));
}

StatusOr<IdentityKind> ParseIdentityKind(std::string_view text) {
  for (IdentityKind kind : {IdentityKind::kEk, IdentityKind::kHostData, IdentityKind::kChip}) {
    if (text == ToString(kind)) return kind;
  }
  return Malformed(
      absl::StrCat("unknown identity kind '", Absl(text), "': expected ek, host_data or chip"));
}

}  // namespace kedge
