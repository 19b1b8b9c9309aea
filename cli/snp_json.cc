#include "cli/snp_json.h"

#include <absl/strings/str_cat.h>

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

std::string Hex64(uint64_t value) { return absl::StrCat("0x", absl::Hex(value)); }

// The raw number where the layout is not known.
ordered_json TcbJson(const std::optional<SnpTcb>& tcb, uint64_t raw) {
  if (!tcb) return Hex64(raw);
  ordered_json out = {
      {"bl", tcb->bootloader}, {"tee", tcb->tee}, {"snp", tcb->snp}, {"ucode", tcb->microcode}};
  if (tcb->fmc) out["fmc"] = *tcb->fmc;
  return out;
}

ordered_json GuestPolicyJson(const SnpGuestPolicy& policy) {
  return {{"abi", absl::StrCat(static_cast<int>(policy.abi_major()), ".",
                               static_cast<int>(policy.abi_minor()))},
          {"smt", policy.smt()},
          {"migrate_ma", policy.migrate_ma()},
          {"debug", policy.debug()},
          {"single_socket", policy.single_socket()},
          {"cxl", policy.cxl()},
          {"mem_aes_256_xts", policy.mem_aes_256_xts()},
          {"rapl_disabled", policy.rapl_disabled()},
          {"ciphertext_hiding_dram", policy.ciphertext_hiding_dram()},
          {"page_swap_disabled", policy.page_swap_disabled()},
          {"unknown_bits", Hex64(policy.unknown_bits())}};
}

ordered_json PlatformJson(const SnpPlatformInfo& info) {
  return {{"smt", info.smt()},
          {"tsme", info.tsme()},
          {"ecc", info.ecc()},
          {"rapl_disabled", info.rapl_disabled()},
          {"ciphertext_hiding_dram", info.ciphertext_hiding_dram()},
          {"alias_check_complete", info.alias_check_complete()},
          {"tio", info.tio()},
          {"unknown_bits", Hex64(info.unknown_bits())}};
}

}  // namespace

ordered_json SnpClaimsJson(const SnpClaims& claims) {
  const SnpReport& report = claims.report;
  ordered_json out = {
      {"version", report.version},
      {"guest_svn", report.guest_svn},
      {"policy", Hex64(report.policy.raw)},
      {"guest_policy", GuestPolicyJson(report.policy)},
      {"debug_allowed", report.policy.debug()},
      {"migrate_ma", report.policy.migrate_ma()},
      {"family_id", ToHex(report.family_id)},
      {"image_id", ToHex(report.image_id)},
      {"vmpl", report.vmpl},
      {"platform_info", Hex64(report.platform_info.raw)},
      {"platform", PlatformJson(report.platform_info)},
      {"author_key_en", report.author_key_en ? 1 : 0},
      {"mask_chip_key", report.mask_chip_key ? 1 : 0},
      {"signing_key", std::string(ToString(report.signing_key))},
      {"report_data", ToHex(report.report_data)},
      {"measurement", ToHex(report.measurement)},
      {"host_data", ToHex(report.host_data)},
      {"id_key_digest", ToHex(report.id_key_digest)},
      {"author_key_digest", ToHex(report.author_key_digest)},
      {"report_id", ToHex(report.report_id)},
      {"report_id_ma", ToHex(report.report_id_ma)},
      {"chip_id", ToHex(report.chip_id)},
      {"product",
       claims.product ? ordered_json(std::string(ToString(*claims.product))) : ordered_json()},
      {"reported_tcb", TcbJson(claims.reported_tcb, report.reported_tcb)},
      {"current_tcb", TcbJson(claims.current_tcb, report.current_tcb)},
      {"committed_tcb", TcbJson(claims.committed_tcb, report.committed_tcb)},
      {"launch_tcb", TcbJson(claims.launch_tcb, report.launch_tcb)},
      {"current_firmware", ToString(report.current_version)},
      {"committed_firmware", ToString(report.committed_version)}};
  if (report.has_cpuid()) {
    out["cpuid"] = {{"family", report.cpuid_family},
                    {"model", report.cpuid_model},
                    {"stepping", report.cpuid_stepping}};
  }
  if (report.has_mitigation()) {
    out["launch_mitigation"] = Hex64(report.launch_mitigation);
    out["current_mitigation"] = Hex64(report.current_mitigation);
  }
  out["cspid"] =
      claims.leaf && claims.leaf->csp_id ? ordered_json(*claims.leaf->csp_id) : ordered_json();
  if (claims.leaf) out["certificate_product"] = claims.leaf->product_name;
  if (claims.trust) out["product_trust"] = std::string(ToString(*claims.trust));
  return out;
}

}  // namespace kedge::cli
