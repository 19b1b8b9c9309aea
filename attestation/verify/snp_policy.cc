#include "attestation/verify/snp_policy.h"

#include <absl/strings/str_join.h>

#include <type_traits>

namespace kedge {

std::string_view ToString(ProductTrust trust) {
  switch (trust) {
    case ProductTrust::kTrusted:
      return "trusted";
    case ProductTrust::kDegraded:
      return "degraded";
    case ProductTrust::kDenied:
      return "denied";
  }
  return "denied";
}

Status CheckComplete(const SnpPolicy& policy) {
  std::vector<std::string> missing;
  const auto rule = [&missing](const char* name, const auto& field) {
    using Field = std::decay_t<decltype(field)>;
    if (field.state() == Field::State::kUnset) missing.emplace_back(name);
  };
  const auto flag = [&missing](const char* name, FlagRule value) {
    if (value == FlagRule::kUnset) missing.emplace_back(name);
  };
  rule("roots", policy.roots);
  rule("crl", policy.crl);
  rule("products", policy.products);
  rule("minimum_reported_tcb", policy.minimum_reported_tcb);
  rule("minimum_committed_tcb", policy.minimum_committed_tcb);
  rule("minimum_launch_tcb", policy.minimum_launch_tcb);
  rule("minimum_firmware", policy.minimum_firmware);
  rule("mitigations", policy.mitigations);
  flag("guest_policy.smt", policy.guest_policy.smt);
  flag("guest_policy.migrate_ma", policy.guest_policy.migrate_ma);
  flag("guest_policy.debug", policy.guest_policy.debug);
  flag("guest_policy.single_socket", policy.guest_policy.single_socket);
  flag("guest_policy.cxl", policy.guest_policy.cxl);
  flag("guest_policy.mem_aes_256_xts", policy.guest_policy.mem_aes_256_xts);
  flag("guest_policy.rapl_disabled", policy.guest_policy.rapl_disabled);
  flag("guest_policy.ciphertext_hiding_dram", policy.guest_policy.ciphertext_hiding_dram);
  flag("guest_policy.page_swap_disabled", policy.guest_policy.page_swap_disabled);
  flag("guest_policy.unknown_bits", policy.guest_policy.unknown_bits);
  flag("platform.smt", policy.platform.smt);
  flag("platform.tsme", policy.platform.tsme);
  flag("platform.ecc", policy.platform.ecc);
  flag("platform.rapl_disabled", policy.platform.rapl_disabled);
  flag("platform.ciphertext_hiding_dram", policy.platform.ciphertext_hiding_dram);
  flag("platform.alias_check_complete", policy.platform.alias_check_complete);
  flag("platform.tio", policy.platform.tio);
  rule("vmpl", policy.vmpl);
  flag("mask_chip_key", policy.mask_chip_key);
  flag("author_key_en", policy.author_key_en);
  rule("measurement", policy.measurement);
  rule("host_data", policy.host_data);
  rule("report_data", policy.report_data);
  rule("id_key_digest", policy.id_key_digest);
  rule("author_key_digest", policy.author_key_digest);
  rule("family_id", policy.family_id);
  rule("image_id", policy.image_id);
  rule("report_id", policy.report_id);
  rule("report_id_ma", policy.report_id_ma);
  rule("minimum_guest_svn", policy.minimum_guest_svn);
  rule("allowed_chip_ids", policy.allowed_chip_ids);
  rule("denied_chip_ids", policy.denied_chip_ids);
  rule("csp_ids", policy.csp_ids);
  if (missing.empty()) return absl::OkStatus();
  return MakeFault(StatusCode::kInvalidArgument, "POLICY_INCOMPLETE", Advice::kAskOperator,
                   "no rule, and no written skip, for " + absl::StrJoin(missing, ", "));
}

namespace {

// AMD-SB-3019 (CVE-2024-56161): below these a host can load microcode of its own making. The notice
// has no floor for Turin.
const SnpTcbFloors& DefaultFloors() {
  static const SnpTcbFloors kFloors = {
      {SnpProduct::kMilan, {.snp = 0x18}},
      {SnpProduct::kGenoa, {.snp = 0x17}},
      {SnpProduct::kTurin, {.fmc = 0}},
  };
  return kFloors;
}

}  // namespace

SnpPolicy DefaultSnpPolicy() {
  SnpPolicy out;
  out.roots = PolicyField<SnpRoots>::Enforce({.amd = true, .custom = {}});
  // KDS lists are valid for a little more than a year.
  out.crl = PolicyField<SnpCrlRule>::Enforce({.max_age = 400 * absl::Hours(24)});
  out.products = PolicyField<std::map<SnpProduct, SnpProductRule>>::Enforce(
      {{SnpProduct::kMilan,
        {ProductTrust::kDegraded,
         "software on the host can extract the chip's root seed and forge reports (arXiv "
         "2605.12990)"}},
       {SnpProduct::kGenoa, {ProductTrust::kTrusted, ""}},
       {SnpProduct::kTurin, {ProductTrust::kTrusted, ""}}});
  out.minimum_reported_tcb = PolicyField<SnpTcbFloors>::Enforce(DefaultFloors());
  out.minimum_committed_tcb = PolicyField<SnpTcbFloors>::Enforce(DefaultFloors());
  out.minimum_launch_tcb = PolicyField<SnpTcbFloors>::Enforce(DefaultFloors());
  out.minimum_firmware = PolicyField<SnpFirmwareVersion>::Skip(
      "defaults: the floors of the TCB decide about firmware");
  out.mitigations =
      PolicyField<SnpMitigations>::Skip("defaults: AMD has published no required vector");
  out.guest_policy = {.smt = FlagRule::kAllow,
                      .migrate_ma = FlagRule::kForbid,
                      .debug = FlagRule::kForbid,
                      .single_socket = FlagRule::kAllow,
                      .cxl = FlagRule::kForbid,
                      .mem_aes_256_xts = FlagRule::kAllow,
                      .rapl_disabled = FlagRule::kAllow,
                      .ciphertext_hiding_dram = FlagRule::kAllow,
                      .page_swap_disabled = FlagRule::kAllow,
                      .unknown_bits = FlagRule::kForbid};
  // AMD-SB-3015 (CVE-2024-21944): memory modules that lie about their size alias protected pages.
  out.platform = {.smt = FlagRule::kAllow,
                  .tsme = FlagRule::kAllow,
                  .ecc = FlagRule::kAllow,
                  .rapl_disabled = FlagRule::kAllow,
                  .ciphertext_hiding_dram = FlagRule::kAllow,
                  .alias_check_complete = FlagRule::kRequireWhereStated,
                  .tio = FlagRule::kAllow};
  out.vmpl = PolicyField<std::set<uint32_t>>::Enforce({0});
  out.mask_chip_key = FlagRule::kForbid;
  out.author_key_en = FlagRule::kAllow;
  out.denied_chip_ids = PolicyField<std::vector<Bytes>>::Enforce({});
  return out;
}

SnpPolicy GenuineSnpPolicy(const std::string& by) {
  using Set = PolicyField<std::vector<Bytes>>;
  SnpPolicy out = DefaultSnpPolicy();
  out.products = PolicyField<std::map<SnpProduct, SnpProductRule>>::Skip(by);
  out.minimum_reported_tcb = PolicyField<SnpTcbFloors>::Warn(DefaultFloors(), by);
  out.minimum_committed_tcb = PolicyField<SnpTcbFloors>::Skip(by);
  out.minimum_launch_tcb = PolicyField<SnpTcbFloors>::Skip(by);
  out.minimum_firmware = PolicyField<SnpFirmwareVersion>::Skip(by);
  out.mitigations = PolicyField<SnpMitigations>::Skip(by);
  out.guest_policy.migrate_ma = FlagRule::kAllow;
  out.guest_policy.cxl = FlagRule::kAllow;
  out.guest_policy.unknown_bits = FlagRule::kAllow;
  out.platform.alias_check_complete = FlagRule::kAllow;
  out.vmpl = PolicyField<std::set<uint32_t>>::Skip(by);
  out.mask_chip_key = FlagRule::kAllow;
  out.measurement = Set::Skip(by);
  out.host_data = Set::Skip(by);
  out.report_data = Set::Skip(by);
  out.id_key_digest = Set::Skip(by);
  out.author_key_digest = Set::Skip(by);
  out.family_id = Set::Skip(by);
  out.image_id = Set::Skip(by);
  out.report_id = Set::Skip(by);
  out.report_id_ma = Set::Skip(by);
  out.minimum_guest_svn = PolicyField<uint32_t>::Skip(by);
  out.allowed_chip_ids = Set::Skip(by);
  out.denied_chip_ids = Set::Skip(by);
  out.csp_ids = PolicyField<std::vector<std::string>>::Skip(by);
  return out;
}

}  // namespace kedge
