#include <absl/strings/str_cat.h>

#include "attestation/verify/tdx_checks.h"

namespace kedge {
namespace {

constexpr uint64_t kNamedAttributes = kTdAttributesUnderDebug | kTdAttributeIcssd |
                                      kTdAttributeLass | kTdAttributeSeptVeDisable |
                                      kTdAttributeMigratable | kTdAttributePks |
                                      kTdAttributeKeyLocker | kTdAttributeTpa | kTdAttributePerfmon;

template <size_t N>
std::optional<Bytes> Copy(const std::optional<ByteArray<N>>& array) {
  if (!array) return std::nullopt;
  return ToBytes(ByteView(*array));
}

void CheckAttributes(uint64_t attributes, const TdAttributeRules& rules, CheckList& checks) {
  const auto check = [&](FlagRule rule, uint64_t bits, std::string name, std::string what) {
    CheckFlag(rule, (attributes & bits) != 0, std::move(name), std::move(what), checks);
  };
  check(rules.debug, kTdAttributesUnderDebug, "DEBUG",
        "TD attributes debug and profiling (bits 0 to 7)");
  check(rules.reserved, ~kNamedAttributes, "TD_ATTRIBUTES", "reserved bits");
  check(rules.icssd, kTdAttributeIcssd, "TD_ATTRIBUTES", "ICSSD");
  check(rules.lass, kTdAttributeLass, "TD_ATTRIBUTES", "LASS");
  check(rules.sept_ve_disable, kTdAttributeSeptVeDisable, "TD_ATTRIBUTES", "SEPT_VE_DISABLE");
  check(rules.migratable, kTdAttributeMigratable, "TD_ATTRIBUTES", "MIGRATABLE");
  check(rules.pks, kTdAttributePks, "TD_ATTRIBUTES", "PKS");
  check(rules.key_locker, kTdAttributeKeyLocker, "TD_ATTRIBUTES", "KL");
  check(rules.tpa, kTdAttributeTpa, "TD_ATTRIBUTES", "TPA");
  check(rules.perfmon, kTdAttributePerfmon, "TD_ATTRIBUTES", "PERFMON");
}

void CheckXfam(uint64_t xfam, const PolicyField<XfamRule>& rule, CheckList& checks) {
  ApplyField(checks, "XFAM", "", rule, TdxFlagsHex(xfam), [xfam](const XfamRule& bits) {
    return Judgement{
        (xfam & bits.required) == bits.required && (xfam & ~bits.allowed) == 0,
        absl::StrCat("with ", TdxFlagsHex(bits.required), ", within ", TdxFlagsHex(bits.allowed))};
  });
}

}  // namespace

void CheckTdBody(const TdReportBody& td, const TdxQuestion& question, CheckList& checks) {
  const TdxPolicy& policy = question.policy;
  if (question.report_data) {
    checks.DemandEqual("NONCE", *question.report_data, td.report_data, "report data");
  } else {
    checks.Skip("NONCE", "the caller, who names no report data", ToHex(td.report_data));
  }
  CheckAttributes(td.td_attributes, policy.td_attributes, checks);
  CheckXfam(td.xfam, policy.xfam, checks);
  const auto value = [&checks](const PolicyField<ByteSet>& field, ByteView bytes,
                               const char* name) {
    CheckAllowed(field, ToBytes(bytes), name, "", checks);
  };
  value(policy.mr_td, td.mr_td, "MRTD");
  constexpr const char* kRtmrs[] = {"RTMR0", "RTMR1", "RTMR2", "RTMR3"};
  for (size_t i = 0; i < 4; ++i) value(policy.rtmr[i], td.rtmr[i], kRtmrs[i]);
  value(policy.mr_config_id, td.mr_config_id, "MRCONFIGID");
  value(policy.mr_owner, td.mr_owner, "MROWNER");
  value(policy.mr_owner_config, td.mr_owner_config, "MROWNERCONFIG");
  value(policy.mr_seam, td.mr_seam, "MRSEAM");
  value(policy.mr_signer_seam, td.mr_signer_seam, "MRSIGNERSEAM");
  value(policy.seam_attributes, FromHex(TdxFlagsHex(td.seam_attributes)).value_or(Bytes()),
        "SEAM_ATTRIBUTES");
  value(policy.mr_service_td, td.mr_service_td.value_or(ByteArray<48>()), "SERVICE_TD");
}

void CheckPlatform(const PckExtensions& platform, const TdxPolicy& policy, CheckList& checks) {
  const auto listed = [&checks](const PolicyField<ByteSet>& allowed,
                                const PolicyField<ByteSet>& denied,
                                const std::optional<Bytes>& value, const char* name) {
    CheckAllowed(allowed, value, name, "allowed", checks);
    CheckDenied(denied, value, name, "denied", checks);
  };
  listed(policy.allowed_fmspc, policy.denied_fmspc, ToBytes(ByteView(platform.fmspc)),
         "PLATFORM_FMSPC");
  listed(policy.allowed_ppid, policy.denied_ppid, ToBytes(ByteView(platform.ppid)),
         "PLATFORM_PPID");
  listed(policy.allowed_platform_instances, policy.denied_platform_instances,
         Copy(platform.platform_instance_id), "PLATFORM_INSTANCE");
  const PckConfiguration& configuration = platform.configuration;
  CheckFlag(policy.smt, configuration.smt_enabled, "PLATFORM_SMT", "", checks);
  CheckFlag(policy.dynamic_platform, configuration.dynamic_platform, "PLATFORM_DYNAMIC", "",
            checks);
  CheckFlag(policy.cached_keys, configuration.cached_keys, "PLATFORM_CACHED_KEYS", "", checks);
}

}  // namespace kedge
