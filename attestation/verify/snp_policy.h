// What an owner accepts of an SEV-SNP guest and the machine below it.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "attestation/parse/snp_report.h"
#include "attestation/verify/amd_roots.h"
#include "attestation/verify/policy_field.h"
#include "attestation/verify/policy_rule.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct SnpRoots {
  bool amd = false;             // AMD's own, pinned in this program
  std::vector<SnpRoot> custom;  // others, for machines that are not AMD's: tests
};

struct SnpCrlRule {
  absl::Duration max_age = absl::InfiniteDuration();  // besides the list's own window
};

enum class ProductTrust { kTrusted, kDegraded, kDenied };
std::string_view ToString(ProductTrust trust);  // "trusted", "degraded", "denied"
struct SnpProductRule {
  ProductTrust trust = ProductTrust::kDenied;
  std::string notice;  // what degraded or denied rests on
};

// By component; a product that is not named passes nothing.
using SnpTcbFloors = std::map<SnpProduct, SnpTcb>;

// Bits that must all be set in the vectors of version 5 and later.
struct SnpMitigations {
  uint64_t launch = 0;
  uint64_t current = 0;
};

struct SnpGuestPolicyRules {
  FlagRule smt = FlagRule::kUnset;
  FlagRule migrate_ma = FlagRule::kUnset;
  FlagRule debug = FlagRule::kUnset;
  FlagRule single_socket = FlagRule::kUnset;
  FlagRule cxl = FlagRule::kUnset;
  FlagRule mem_aes_256_xts = FlagRule::kUnset;
  FlagRule rapl_disabled = FlagRule::kUnset;
  FlagRule ciphertext_hiding_dram = FlagRule::kUnset;
  FlagRule page_swap_disabled = FlagRule::kUnset;
  // Bits that this program has no name for: they may permit anything.
  FlagRule unknown_bits = FlagRule::kUnset;
};

struct SnpPlatformRules {
  FlagRule smt = FlagRule::kUnset;
  FlagRule tsme = FlagRule::kUnset;
  FlagRule ecc = FlagRule::kUnset;
  FlagRule rapl_disabled = FlagRule::kUnset;
  FlagRule ciphertext_hiding_dram = FlagRule::kUnset;
  FlagRule alias_check_complete = FlagRule::kUnset;  // reported from version 3 on
  FlagRule tio = FlagRule::kUnset;                   // reported from version 5 on
};

struct SnpPolicy {
  PolicyField<SnpRoots> roots;
  PolicyField<SnpCrlRule> crl;  // skipped: no CRL is needed
  PolicyField<std::map<SnpProduct, SnpProductRule>> products;
  PolicyField<SnpTcbFloors> minimum_reported_tcb;
  PolicyField<SnpTcbFloors> minimum_committed_tcb;
  PolicyField<SnpTcbFloors> minimum_launch_tcb;
  PolicyField<SnpFirmwareVersion> minimum_firmware;  // of the committed version
  PolicyField<SnpMitigations> mitigations;
  SnpGuestPolicyRules guest_policy;
  SnpPlatformRules platform;
  PolicyField<std::set<uint32_t>> vmpl;
  FlagRule mask_chip_key = FlagRule::kUnset;
  FlagRule author_key_en = FlagRule::kUnset;

  // Accepted values, any one of each set. An empty set accepts nothing.
  PolicyField<std::vector<Bytes>> measurement;        // 48 bytes
  PolicyField<std::vector<Bytes>> host_data;          // 32
  PolicyField<std::vector<Bytes>> report_data;        // 64
  PolicyField<std::vector<Bytes>> id_key_digest;      // 48
  PolicyField<std::vector<Bytes>> author_key_digest;  // 48
  PolicyField<std::vector<Bytes>> family_id;          // 16
  PolicyField<std::vector<Bytes>> image_id;           // 16
  PolicyField<std::vector<Bytes>> report_id;          // 32
  PolicyField<std::vector<Bytes>> report_id_ma;       // 32
  PolicyField<uint32_t> minimum_guest_svn;

  PolicyField<std::vector<Bytes>> allowed_chip_ids;  // 64
  PolicyField<std::vector<Bytes>> denied_chip_ids;   // 64; an empty list denies none
  PolicyField<std::vector<std::string>> csp_ids;     // of VLEK certificates
};

// Every field that has no rule, all of them at once. Fault POLICY_INCOMPLETE.
Status CheckComplete(const SnpPolicy& policy);

// What the default policy below rests on, and when it was last looked at.
inline constexpr char kSnpDefaultsDate[] = "2026-11-24";

// Everything that is the same for every owner: AMD's roots, a CRL, floors against known attacks, no
// debugging and no migration, VMPL 0. What only an owner can know (measurement, report_data, …) is
// left unset and must be filled in. docs/ATTESTATION_POLICY.md has the sources.
SnpPolicy DefaultSnpPolicy();

// For evidence that is examined, not relied on: it must be genuine and not be open to debugging;
// the rest is skipped, and each row says that `by` allowed it.
SnpPolicy GenuineSnpPolicy(const std::string& by);

}  // namespace kedge
