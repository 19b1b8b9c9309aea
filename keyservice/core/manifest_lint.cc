#include "keyservice/core/manifest_lint.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>

namespace kedge {
namespace {

std::string Label(const ReferenceValues& image) {
  return absl::StrCat(image.image_name, " ", image.image_version);
}

bool IsZero(const Bytes& value) {
  return std::all_of(value.begin(), value.end(), [](uint8_t b) { return b == 0; });
}

class Findings {
 public:
  void Warn(std::string code, std::string where, std::string what) {
    all_.push_back({LintLevel::kWarning, std::move(code), std::move(where), std::move(what)});
  }
  void Fail(std::string code, std::string where, std::string what) {
    all_.push_back({LintLevel::kError, std::move(code), std::move(where), std::move(what)});
  }
  std::vector<LintFinding> Take() && { return std::move(all_); }

 private:
  std::vector<LintFinding> all_;
};

void LintImages(const Manifest& manifest, Findings& out) {
  std::map<std::pair<PcrValues, std::vector<std::pair<std::string, Bytes>>>, std::string> seen;
  for (const ReferenceValues& image : manifest.images()) {
    const std::string where = absl::StrCat("images: ", Label(image));
    // Direct kernel boot leaves these at zero: any image would pass.
    if (IsZero(image.pcrs.at(4)) || IsZero(image.pcrs.at(9))) {
      out.Fail("NOTHING_MEASURED", where, "PCR 4 or 9 is zero: every image looks like this one");
    }
    if (!IsZero(image.pcrs.at(12))) {
      out.Warn("LOAD_OPTIONS_ACCEPTED", where, "PCR 12 is not zero: accepts load options");
    }
    if (!IsZero(image.pcrs.at(13))) {
      out.Warn("EXTENSION_ACCEPTED", where, "PCR 13 is not zero: accepts a system extension");
    }
    const auto [first, is_new] = seen.try_emplace({image.pcrs, image.pcr11_phases}, Label(image));
    if (!is_new) {
      out.Warn("SAME_IMAGE_TWICE", where, "has the same values as " + first->second);
    }
  }
}

// A role that only nodes in a TEE can have.
void LintTeeRole(const Manifest& manifest, const RolePolicy& role, const std::string& where,
                 Findings& out) {
  if (manifest.attestation_policy() == nullptr) {
    out.Warn("NO_TEE_ACCEPTED", where,
             "only nodes in a TEE may have it, and without attestation_policy none is accepted");
  }
  const std::vector<ReferenceValues> images = manifest.ImagesFor(role.role);
  const bool any = std::any_of(images.begin(), images.end(),
                               [](const ReferenceValues& image) { return !image.launch.empty(); });
  if (role.evidence_levels == std::vector{EvidenceLevel::kTeeMeasured} && !any) {
    out.Warn("NO_LAUNCH_NAMED", where,
             "accepts tee-measured alone, and none of its images names a launch measurement");
  }
}

void LintRoles(const Manifest& manifest, Findings& out) {
  for (const RolePolicy& role : manifest.roles()) {
    const auto& levels = role.evidence_levels;
    const std::string where = "roles: " + role.role;
    if (std::find(levels.begin(), levels.end(), EvidenceLevel::kHostVtpm) == levels.end()) {
      LintTeeRole(manifest, role, where, out);
      continue;
    }
    out.Warn("NOT_CONFIDENTIAL", where,
             "accepts host-vtpm: who runs the host runs the TPM, and can say anything with it");
    if (levels.size() > 1) {
      out.Warn("WEAKER_LEVEL_BESIDE", where,
               "accepts host-vtpm beside stronger levels: a host chooses the weakest");
    }
  }
}

// Owner keys and seed-share keys alike.
template <typename Key>
void LintKeys(const std::vector<Key>& keys, const std::string& field, const char* alone_code,
              const char* alone, Findings& out) {
  if (keys.size() == 1) out.Warn(alone_code, field, alone);
  std::map<Sha256Digest, std::string> seen;
  for (const Key& key : keys) {
    const auto [first, is_new] = seen.try_emplace(key.digest, key.name);
    if (!is_new) {
      out.Fail("SAME_KEY_TWICE", absl::StrCat(field, ": ", key.name),
               "is the key of " + first->second + " under another name");
    }
  }
}

void LintRoots(const Manifest& manifest, Findings& out) {
  std::map<std::string, std::string> seen;
  for (const TpmRoot& root : manifest.tpm_roots()) {
    const auto [first, is_new] = seen.try_emplace(root.certificate_pem, root.name);
    if (!is_new) out.Warn("SAME_ROOT_TWICE", "tpm_roots: " + root.name, "is " + first->second);
  }
}

// ---- differences ----

class Changes {
 public:
  void Widens(std::string where, std::string what) {
    all_.push_back({std::move(where), std::move(what), ChangeEffect::kWidens});
  }
  void Narrows(std::string where, std::string what) {
    all_.push_back({std::move(where), std::move(what), ChangeEffect::kNarrows});
  }
  void Neutral(std::string where, std::string what) {
    all_.push_back({std::move(where), std::move(what), ChangeEffect::kNeutral});
  }
  // What is only in one of two maps; `common(key, from, to)` sees the rest.
  template <typename Map, typename Describe, typename Common>
  void Compare(const Map& from, const Map& to, const std::string& field, Describe describe,
               Common common) {
    for (const auto& [key, value] : from) {
      const auto found = to.find(key);
      if (found == to.end()) {
        Narrows(field, "removed " + describe(key, value));
      } else {
        common(key, value, found->second);
      }
    }
    for (const auto& [key, value] : to) {
      if (from.find(key) == from.end()) Widens(field, "added " + describe(key, value));
    }
  }
  std::vector<ManifestChange> Take() && { return std::move(all_); }

 private:
  std::vector<ManifestChange> all_;
};

// A list of words as a map, for Compare.
template <typename T, typename Print>
std::map<std::string, bool> Words(const std::vector<T>& items, Print print) {
  std::map<std::string, bool> out;
  for (const T& item : items) out[std::string(print(item))] = true;
  return out;
}
void CompareWords(const std::map<std::string, bool>& from, const std::map<std::string, bool>& to,
                  const std::string& field, Changes& out) {
  out.Compare(
      from, to, field, [](const std::string& word, bool) { return word; },
      [](const std::string&, bool, bool) {});
}

template <typename T, typename KeyOf>
auto Keyed(const std::vector<T>& items, KeyOf key_of) {
  std::map<std::decay_t<decltype(key_of(items.front()))>, const T*> out;
  for (const T& item : items) out.emplace(key_of(item), &item);
  return out;
}

void DiffRoles(const Manifest& from, const Manifest& to, Changes& out) {
  const auto by_name = [](const RolePolicy& role) { return role.role; };
  out.Compare(
      Keyed(from.roles(), by_name), Keyed(to.roles(), by_name), "roles",
      [](const std::string& name, const RolePolicy*) { return name; },
      [&out](const std::string& name, const RolePolicy* a, const RolePolicy* b) {
        const auto level = [](EvidenceLevel l) { return ToString(l); };
        const auto kind = [](IdentityKind k) { return ToString(k); };
        CompareWords(Words(a->evidence_levels, level), Words(b->evidence_levels, level),
                     absl::StrCat("roles: ", name, ": evidence_levels"), out);
        CompareWords(Words(a->identity_kinds, kind), Words(b->identity_kinds, kind),
                     absl::StrCat("roles: ", name, ": identity_kinds"), out);
      });
}

void DiffImage(const ReferenceValues& a, const ReferenceValues& b, Changes& out) {
  const std::string where = absl::StrCat("images: ", Label(a));
  for (const auto& [index, value] : a.pcrs) {
    if (b.pcrs.at(index) != value) {
      out.Widens(where,
                 absl::StrCat("PCR ", index, " was ", ToHex(value), ", is ",
                              ToHex(b.pcrs.at(index)), ": another image under the same name"));
    }
  }
  for (size_t i = 0; i < a.pcr11_phases.size(); ++i) {
    const auto& [phase, value] = a.pcr11_phases[i];
    if (b.pcr11_phases[i].second == value) continue;
    out.Widens(where, absl::StrCat("PCR 11 at ", phase, " was ", ToHex(value), ", is ",
                                   ToHex(b.pcr11_phases[i].second)));
  }
  const auto role = [](const std::string& name) { return name; };
  CompareWords(Words(a.roles, role), Words(b.roles, role), where + ": roles", out);
  if (!a.launch.empty() && b.launch.empty()) {
    out.Widens(where + ": launch", "removed: the hardware's measurement is not compared any more");
    return;
  }
  const auto launch = [](const LaunchReference& value) { return Describe(value); };
  CompareWords(Words(a.launch, launch), Words(b.launch, launch), where + ": launch", out);
}

void DiffImages(const Manifest& from, const Manifest& to, Changes& out) {
  out.Compare(
      Keyed(from.images(), Label), Keyed(to.images(), Label), "images",
      [](const std::string& label, const ReferenceValues*) { return label; },
      [&out](const std::string&, const ReferenceValues* a, const ReferenceValues* b) {
        DiffImage(*a, *b, out);
      });
}

template <typename Key>
void DiffKeys(const std::vector<Key>& from, const std::vector<Key>& to, const std::string& field,
              Changes& out) {
  const auto by_digest = [](const Key& key) { return key.digest; };
  out.Compare(
      Keyed(from, by_digest), Keyed(to, by_digest), field,
      [](const Sha256Digest& digest, const Key* key) {
        return absl::StrCat(key->name, ", ", ToHex(digest));
      },
      [&](const Sha256Digest& digest, const Key* a, const Key* b) {
        if (a->name == b->name) return;
        out.Neutral(field, absl::StrCat("renamed ", a->name, " to ", b->name, ", ", ToHex(digest)));
      });
}

void DiffRoots(const Manifest& from, const Manifest& to, Changes& out) {
  const auto by_certificate = [](const TpmRoot& root) { return root.certificate_pem; };
  out.Compare(
      Keyed(from.tpm_roots(), by_certificate), Keyed(to.tpm_roots(), by_certificate), "tpm_roots",
      [](const std::string&, const TpmRoot* root) { return root->name; },
      [&out](const std::string&, const TpmRoot* a, const TpmRoot* b) {
        if (a->name != b->name) {
          out.Neutral("tpm_roots", absl::StrCat("renamed ", a->name, " to ", b->name));
        }
      });
}

// The texts of two policies are compared, not their rules: `kedge verify --policy` shows what each
// says of a report.
void DiffAttestation(const Manifest& from, const Manifest& to, Changes& out) {
  const AttestationRules* a = from.attestation_rules();
  const AttestationRules* b = to.attestation_rules();
  const std::string where = "attestation_policy";
  if (a == nullptr && b != nullptr) {
    out.Widens(where, "added: nodes in a TEE are accepted by it");
  } else if (a != nullptr && b == nullptr) {
    out.Narrows(where, "removed: no node in a TEE is accepted");
  } else if (a != nullptr && a->file != b->file) {
    out.Widens(where, "changed: read both, some rule may be weaker");
  }
}

}  // namespace

std::string_view ToString(LintLevel level) {
  return level == LintLevel::kError ? "error" : "warning";
}

std::string_view ToString(ChangeEffect effect) {
  switch (effect) {
    case ChangeEffect::kWidens:
      return "widens";
    case ChangeEffect::kNarrows:
      return "narrows";
    case ChangeEffect::kNeutral:
      break;
  }
  return "neutral";
}

std::vector<LintFinding> LintManifest(const Manifest& manifest) {
  Findings out;
  LintImages(manifest, out);
  LintRoles(manifest, out);
  LintKeys(manifest.owner_keys(), "owner_keys", "ONE_OWNER_KEY",
           "one key alone commands the cluster: lost, nobody does", out);
  LintKeys(manifest.seed_share_keys(), "seed_share_keys", "ONE_SHARE_KEY",
           "one key alone opens the seed: lost, a power cut of all control planes is final", out);
  LintRoots(manifest, out);
  return std::move(out).Take();
}

std::vector<ManifestChange> DiffManifests(const Manifest& from, const Manifest& to) {
  Changes out;
  if (from.cluster() != to.cluster()) {
    out.Neutral("cluster", absl::StrCat("was ", from.cluster(), ", is ", to.cluster()));
  }
  if (from.generation() != to.generation()) {
    out.Neutral("generation", absl::StrCat("was ", from.generation(), ", is ", to.generation()));
  }
  DiffImages(from, to, out);
  DiffRoles(from, to, out);
  DiffKeys(from.owner_keys(), to.owner_keys(), "owner_keys", out);
  if (from.owner_threshold() != to.owner_threshold()) {
    const std::string what =
        absl::StrCat("was ", from.owner_threshold(), ", is ", to.owner_threshold());
    if (to.owner_threshold() < from.owner_threshold()) {
      out.Widens("owner_threshold", what);
    } else {
      out.Narrows("owner_threshold", what);
    }
  }
  DiffKeys(from.seed_share_keys(), to.seed_share_keys(), "seed_share_keys", out);
  DiffRoots(from, to, out);
  DiffAttestation(from, to, out);
  return std::move(out).Take();
}

}  // namespace kedge
