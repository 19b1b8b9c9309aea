#include "attestation/verify/snp_policy.h"

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

namespace {

// AMD-SB-3019 (CVE-2024-56161): below these, microcode of anybody's making could be loaded and the
// report forged. Turin shipped with the fix.
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
  // A KDS list is valid for a year; one that is fetched every week cannot be much older.
  out.crl = PolicyField<SnpCrlRule>::Enforce({});
  out.products = PolicyField<std::map<SnpProduct, SnpProductRule>>::Enforce(
      {{SnpProduct::kMilan,
        {ProductTrust::kDegraded,
         "chip seeds can be extracted with physical access (arXiv 2605.12990)"}},
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
