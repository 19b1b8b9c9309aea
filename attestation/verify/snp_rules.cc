#include "attestation/verify/snp_rules.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace kedge {
namespace {

bool AtLeast(const SnpTcb& tcb, const SnpTcb& floor) {
  return tcb.fmc.value_or(0) >= floor.fmc.value_or(0) && tcb.bootloader >= floor.bootloader &&
         tcb.tee >= floor.tee && tcb.snp >= floor.snp && tcb.microcode >= floor.microcode;
}

std::string TextOf(const std::optional<SnpTcb>& tcb) {
  return tcb ? ToString(*tcb) : "unknown layout: the product is unknown";
}

void CheckFloor(const SnpClaims& claims, const std::optional<SnpTcb>& tcb,
                const PolicyField<SnpTcbFloors>& field, const std::string& what, CheckList& rows) {
  ApplyField(rows, "TCB_MINIMUM", what, field, TextOf(tcb), [&](const SnpTcbFloors& floors) {
    if (!claims.product) return Judgement{false, "a product that the policy has a floor for"};
    const auto floor = floors.find(*claims.product);
    if (floor == floors.end()) {
      return Judgement{false, absl::StrCat("a floor for ", std::string(ToString(*claims.product)),
                                           " in the policy")};
    }
    return Judgement{tcb && AtLeast(*tcb, floor->second), "at least " + ToString(floor->second)};
  });
}

std::string Hex64(uint64_t value) { return absl::StrCat("0x", absl::Hex(value)); }

void CheckSet(CheckList& rows, const char* name, const std::string& what,
              const PolicyField<std::vector<Bytes>>& field, ByteView actual) {
  ApplyField(rows, name, what, field, ToHex(actual), [&](const std::vector<Bytes>& accepted) {
    Judgement out{.good = false, .expected = accepted.empty() ? "nothing is accepted" : ""};
    for (const Bytes& value : accepted) {
      absl::StrAppend(&out.expected, out.expected.empty() ? "" : " or ", ToHex(value));
      out.good = out.good || Equal(value, actual);
    }
    return out;
  });
}

void CheckChipLists(const SnpReport& report, const SnpPolicy& policy, CheckList& rows) {
  CheckSet(rows, "CHIP_ID", "allowed chips", policy.allowed_chip_ids, report.chip_id);
  ApplyField(rows, "CHIP_ID", "denied chips", policy.denied_chip_ids, ToHex(report.chip_id),
             [&](const std::vector<Bytes>& denied) {
               const bool found = std::any_of(denied.begin(), denied.end(), [&](const Bytes& chip) {
                 return Equal(chip, report.chip_id);
               });
               return Judgement{!found, absl::StrCat("none of ", denied.size(), " denied chips")};
             });
}

void CheckProvider(const SnpClaims& claims, const SnpPolicy& policy, CheckList& rows) {
  if (!claims.leaf || !claims.leaf->csp_id) return;
  ApplyField(
      rows, "CSP_ID", "provider of the VLEK", policy.csp_ids, *claims.leaf->csp_id,
      [&](const std::vector<std::string>& accepted) {
        return Judgement{
            std::find(accepted.begin(), accepted.end(), *claims.leaf->csp_id) != accepted.end(),
            accepted.empty() ? "nothing is accepted" : absl::StrJoin(accepted, " or ")};
      });
}

void CheckProductTrust(SnpClaims& claims, const SnpPolicy& policy, CheckList& rows) {
  const std::string actual =
      claims.product ? std::string(ToString(*claims.product)) : "unknown product";
  SnpProductRule rule;
  ApplyField(rows, "PRODUCT_TRUST", "standing of the product", policy.products, actual,
             [&](const std::map<SnpProduct, SnpProductRule>& products) {
               const auto found = claims.product ? products.find(*claims.product) : products.end();
               if (found != products.end()) rule = found->second;
               claims.trust = rule.trust;
               return Judgement{rule.trust != ProductTrust::kDenied,
                                absl::StrCat("a product that the policy does not deny",
                                             rule.notice.empty() ? "" : ": ", rule.notice)};
             });
  if (claims.trust == ProductTrust::kDegraded) {
    rows.Warn("PRODUCT_TRUST", "a product in good standing", actual, "degraded: " + rule.notice);
  }
}

}  // namespace

void CheckSnpFloors(const SnpClaims& claims, const SnpPolicy& policy, CheckList& rows) {
  const SnpReport& report = claims.report;
  CheckFloor(claims, claims.reported_tcb, policy.minimum_reported_tcb, "reported TCB", rows);
  CheckFloor(claims, claims.committed_tcb, policy.minimum_committed_tcb, "committed TCB", rows);
  CheckFloor(claims, claims.launch_tcb, policy.minimum_launch_tcb, "launch TCB", rows);
  // The firmware itself never lets the running version fall below the committed one.
  if (claims.current_tcb && claims.committed_tcb) {
    rows.Demand("TCB_ROLLBACK", AtLeast(*claims.current_tcb, *claims.committed_tcb),
                "at least the committed " + ToString(*claims.committed_tcb),
                ToString(*claims.current_tcb), "current TCB");
  }
  rows.Demand("TCB_ROLLBACK", report.current_version >= report.committed_version,
              "at least the committed " + ToString(report.committed_version),
              ToString(report.current_version), "current firmware");
  ApplyField(rows, "FIRMWARE_VERSION", "committed firmware", policy.minimum_firmware,
             ToString(report.committed_version), [&](const SnpFirmwareVersion& floor) {
               return Judgement{report.committed_version >= floor, "at least " + ToString(floor)};
             });
  ApplyField(rows, "MITIGATION", "mitigation vectors", policy.mitigations,
             report.has_mitigation() ? absl::StrCat("launch ", Hex64(report.launch_mitigation),
                                                    ", current ", Hex64(report.current_mitigation))
                                     : "not reported by this firmware",
             [&](const SnpMitigations& floor) {
               const bool launch = (report.launch_mitigation & floor.launch) == floor.launch;
               const bool current = (report.current_mitigation & floor.current) == floor.current;
               return Judgement{launch && current,
                                absl::StrCat("all of launch ", Hex64(floor.launch), ", current ",
                                             Hex64(floor.current))};
             });
  ApplyField(rows, "GUEST_SVN", "guest SVN", policy.minimum_guest_svn,
             absl::StrCat(report.guest_svn), [&](uint32_t floor) {
               return Judgement{report.guest_svn >= floor, absl::StrCat("at least ", floor)};
             });
}

void CheckSnpBits(const SnpReport& report, const SnpPolicy& policy, CheckList& rows) {
  const SnpGuestPolicy& guest = report.policy;
  const SnpGuestPolicyRules& want = policy.guest_policy;
  CheckFlag(want.debug, guest.debug(), "DEBUG_POLICY", "guest_policy.debug", rows);
  CheckFlag(want.migrate_ma, guest.migrate_ma(), "GUEST_POLICY", "guest_policy.migrate_ma", rows);
  CheckFlag(want.smt, guest.smt(), "GUEST_POLICY", "guest_policy.smt", rows);
  CheckFlag(want.single_socket, guest.single_socket(), "GUEST_POLICY", "guest_policy.single_socket",
            rows);
  CheckFlag(want.cxl, guest.cxl(), "GUEST_POLICY", "guest_policy.cxl", rows);
  CheckFlag(want.mem_aes_256_xts, guest.mem_aes_256_xts(), "GUEST_POLICY",
            "guest_policy.mem_aes_256_xts", rows);
  CheckFlag(want.rapl_disabled, guest.rapl_disabled(), "GUEST_POLICY", "guest_policy.rapl_disabled",
            rows);
  CheckFlag(want.ciphertext_hiding_dram, guest.ciphertext_hiding_dram(), "GUEST_POLICY",
            "guest_policy.ciphertext_hiding_dram", rows);
  CheckFlag(want.page_swap_disabled, guest.page_swap_disabled(), "GUEST_POLICY",
            "guest_policy.page_swap_disabled", rows);
  CheckFlag(want.unknown_bits, guest.unknown_bits() != 0, "GUEST_POLICY",
            "guest_policy.unknown_bits", rows);

  const SnpPlatformInfo& info = report.platform_info;
  const SnpPlatformRules& platform = policy.platform;
  const std::optional<bool> alias_check =
      report.version >= 3 ? std::optional(info.alias_check_complete()) : std::nullopt;
  CheckFlag(platform.smt, info.smt(), "PLATFORM_INFO", "platform.smt", rows);
  CheckFlag(platform.tsme, info.tsme(), "PLATFORM_INFO", "platform.tsme", rows);
  CheckFlag(platform.ecc, info.ecc(), "PLATFORM_INFO", "platform.ecc", rows);
  CheckFlag(platform.rapl_disabled, info.rapl_disabled(), "PLATFORM_INFO", "platform.rapl_disabled",
            rows);
  CheckFlag(platform.ciphertext_hiding_dram, info.ciphertext_hiding_dram(), "PLATFORM_INFO",
            "platform.ciphertext_hiding_dram", rows);
  CheckFlag(platform.alias_check_complete, alias_check, "PLATFORM_INFO",
            "platform.alias_check_complete", rows);
  CheckFlag(platform.tio, info.tio(), "PLATFORM_INFO", "platform.tio", rows);
  if (info.unknown_bits() != 0) {
    rows.Warn("PLATFORM_INFO", "zero", Hex64(info.unknown_bits()), "bits without a known meaning");
  }
  CheckFlag(policy.mask_chip_key, report.mask_chip_key, "MASK_CHIP_KEY", "mask_chip_key", rows);
  CheckFlag(policy.author_key_en, report.author_key_en, "AUTHOR_KEY", "author_key_en", rows);
  ApplyField(rows, "VMPL", "privilege level", policy.vmpl, absl::StrCat(report.vmpl),
             [&](const std::set<uint32_t>& accepted) {
               return Judgement{accepted.count(report.vmpl) != 0,
                                "VMPL " + absl::StrJoin(accepted, " or ")};
             });
}

void CheckSnpValues(SnpClaims& claims, const SnpPolicy& policy,
                    const std::optional<ReportData>& report_data, CheckList& rows) {
  const SnpReport& report = claims.report;
  CheckSet(rows, "MEASUREMENT", "launch measurement", policy.measurement, report.measurement);
  CheckSet(rows, "HOST_DATA", "host data", policy.host_data, report.host_data);
  if (report_data) {
    rows.DemandEqual("REPORT_DATA", *report_data, report.report_data, "what was asked for");
  } else {
    CheckSet(rows, "REPORT_DATA", "report data", policy.report_data, report.report_data);
  }
  CheckSet(rows, "ID_KEY", "ID key digest", policy.id_key_digest, report.id_key_digest);
  CheckSet(rows, "AUTHOR_KEY", "author key digest", policy.author_key_digest,
           report.author_key_digest);
  CheckSet(rows, "FAMILY_ID", "family id", policy.family_id, report.family_id);
  CheckSet(rows, "IMAGE_ID", "image id", policy.image_id, report.image_id);
  CheckSet(rows, "REPORT_ID", "report id", policy.report_id, report.report_id);
  CheckSet(rows, "REPORT_ID", "report id of the migration agent", policy.report_id_ma,
           report.report_id_ma);
  CheckChipLists(report, policy, rows);
  CheckProvider(claims, policy, rows);
  CheckProductTrust(claims, policy, rows);
}

}  // namespace kedge
