#include "keyservice/core/lockout_guard.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace kedge {
namespace {

template <typename T>
bool Contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

const ReferenceValues* FindImage(const Manifest& manifest, std::string_view label) {
  for (const ReferenceValues& image : manifest.images()) {
    if (absl::StrCat(image.image_name, " ", image.image_version) == label) return &image;
  }
  return nullptr;
}

// Why `next` refuses what `current` accepts; empty: it does not. By the values, not by the name: an
// image may be renamed, and another one may take its name.
std::string WhyRefused(const RunningMachine& machine, const Manifest& current,
                       const Manifest& next) {
  const RolePolicy* role = next.FindRole(machine.role);
  if (role == nullptr) return "there is no role " + machine.role;
  if (!Contains(role->evidence_levels, machine.level)) {
    return absl::StrCat("evidence level ", std::string(ToString(machine.level)));
  }
  if (!Contains(role->identity_kinds, machine.identity_kind)) {
    return absl::StrCat("identity kind ", std::string(ToString(machine.identity_kind)));
  }
  const ReferenceValues* image = FindImage(current, machine.image);
  if (image == nullptr) return "its image is not known";
  for (const ReferenceValues& accepted : next.ImagesFor(machine.role)) {
    if (accepted.pcrs == image->pcrs && accepted.pcr11_phases == image->pcr11_phases) return "";
  }
  return "image " + machine.image;
}

// Owners and shares.
void FindKeyRisks(const Manifest& next, const UpdateFacts& facts, std::vector<LockoutRisk>& out) {
  const Manifest& current = *facts.current;
  const auto& owners = next.owner_keys();
  if (std::none_of(owners.begin(), owners.end(), [&](const OwnerKey& key) {
        return current.FindOwnerKey(key.digest) != nullptr;
      })) {
    out.push_back({"NO_OWNER_KEPT",
                   "every owner key is new and none has ever signed for this cluster: if they are "
                   "lost or mistyped, nobody commands it"});
  }
  std::vector<std::string> removed;
  for (const OwnerKey& key : current.owner_keys()) {
    if (next.FindOwnerKey(key.digest) == nullptr) removed.push_back(key.name);
  }
  if (!removed.empty()) {
    out.push_back({"OWNER_KEY_REMOVED",
                   "nodes with an invitation that one of these owners signed are refused at their "
                   "next start, until another owner invites them: " +
                       absl::StrJoin(removed, ", ")});
  }
  const auto& shares = next.seed_share_keys();
  if (std::none_of(shares.begin(), shares.end(), [&](const SeedShareKey& key) {
        return Contains(facts.tested_share_keys, key.digest);
      })) {
    out.push_back({"NO_SHARE_TESTED",
                   "no seed share was seen to open: run `kedge seed test` where its key is"});
  }
  for (const SeedShareKey& key : shares) {
    const auto& had = current.seed_share_keys();
    if (std::any_of(had.begin(), had.end(),
                    [&](const SeedShareKey& old) { return old.digest == key.digest; })) {
      continue;
    }
    out.push_back({"SHARE_KEY_WITHOUT_SHARE", "no share of the seed is sealed to the key of '" +
                                                  key.name + "': a manifest does not make one"});
    break;
  }
}

void FindRootRisk(const Manifest& next, const Manifest& current, std::vector<LockoutRisk>& out) {
  std::vector<std::string> gone;
  for (const TpmRoot& root : current.tpm_roots()) {
    const auto& kept = next.tpm_roots();
    if (std::none_of(kept.begin(), kept.end(), [&](const TpmRoot& other) {
          return other.certificate_pem == root.certificate_pem;
        })) {
      gone.push_back(root.name);
    }
  }
  if (gone.empty()) return;
  out.push_back({"TPM_ROOT_REMOVED",
                 "machines whose TPM is certified under it are refused at their next start: " +
                     absl::StrJoin(gone, ", ")});
}

void FindMachineRisks(const Manifest& next, const UpdateFacts& facts,
                      std::vector<LockoutRisk>& out) {
  bool coordinator_seen = false;
  std::vector<std::string> refused;
  for (const RunningMachine& machine : facts.machines) {
    const std::string why = WhyRefused(machine, *facts.current, next);
    const bool coordinator = machine.node == facts.coordinator_node;
    coordinator_seen = coordinator_seen || coordinator;
    if (why.empty()) continue;
    if (!coordinator) {
      refused.push_back(absl::StrCat(machine.node, " (", why, ")"));
      continue;
    }
    out.push_back({"COORDINATOR_NOT_ALLOWED",
                   absl::StrCat("the machine that runs the key service, ", machine.node,
                                ", would be refused: ", why,
                                "; after its next start nobody could give it the seed")});
  }
  if (!coordinator_seen) {
    out.push_back({"COORDINATOR_UNKNOWN",
                   "nothing is known of the machine that runs the key service: ask it "
                   "(--endpoint)"});
  }
  if (!refused.empty()) {
    out.push_back({"NODES_NOT_ALLOWED", "nodes that would be refused at their next start: " +
                                            absl::StrJoin(refused, ", ")});
  }
}

}  // namespace

std::vector<LockoutRisk> FindLockoutRisks(const Manifest& next, const UpdateFacts& facts) {
  std::vector<LockoutRisk> out;
  if (facts.current == nullptr) return out;
  FindKeyRisks(next, facts, out);
  FindRootRisk(next, *facts.current, out);
  FindMachineRisks(next, facts, out);
  return out;
}

Status CheckLockout(std::span<const LockoutRisk> risks, std::span<const std::string> overrides) {
  for (const std::string& name : overrides) {
    if (std::none_of(risks.begin(), risks.end(),
                     [&](const LockoutRisk& risk) { return risk.code == name; })) {
      return MakeError(StatusCode::kInvalidArgument,
                       "'" + name +
                           "' is no risk of this update: overriding it was meant for "
                           "another one");
    }
  }
  for (const LockoutRisk& risk : risks) {
    if (std::find(overrides.begin(), overrides.end(), risk.code) != overrides.end()) continue;
    return Refused(risk.code, absl::StrCat(risk.what, "; override by name: ", risk.code));
  }
  return absl::OkStatus();
}

}  // namespace kedge
