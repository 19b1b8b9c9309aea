#include <absl/strings/str_cat.h>

#include <utility>

#include "proto/attestation_policy.pb.h"
#include "proto/wire/policy_rules.h"

namespace kedge::wire {
namespace {

constexpr size_t kDigest = 48;  // SHA-384
constexpr size_t kFmspc = 6;
constexpr size_t kPlatform = 16;

StatusOr<SpkiPins> RootsOf(const v1::TdxRootsRule& rule) {
  SpkiPins out;
  if (rule.intel()) out = IntelSgxRootPins();
  for (const v1::TdxRoot& root : rule.custom()) {
    const auto bytes = FromHex(root.spki_sha256());
    const auto digest = ToArray<std::tuple_size_v<Sha256Digest>>(bytes.value_or(Bytes()));
    if (!digest || root.name().empty()) {
      return Malformed("roots.custom: expected a name and a spki_sha256 of 64 hexadecimal digits");
    }
    out.push_back(*digest);
  }
  if (out.empty()) return Malformed("roots: name at least one, or Intel's");
  return out;
}

Status ReadStatuses(const v1::TextSetRule& rule, PolicyField<std::vector<TcbStatus>>& field) {
  std::vector<TcbStatus> statuses;
  for (const std::string& name : rule.any_of()) {
    const std::optional<TcbStatus> status = TcbStatusNamed(name);
    if (!status || *status == TcbStatus::kRevoked || *status == TcbStatus::kNotSupported) {
      return Malformed("accepted_tcb_statuses: '" + name +
                       "' is no status of Intel's, or one that is never accepted");
    }
    statuses.push_back(*status);
  }
  const bool has_value = !statuses.empty();
  return ReadField("accepted_tcb_statuses", has_value, std::move(statuses), rule.skip(),
                   rule.warn(), field);
}

Status ReadAdvisories(const v1::TdxAdvisoryRule& rule, PolicyField<AdvisoryRule>& field) {
  const bool has_value = !rule.others().empty();
  const bool lists = rule.accepted_size() != 0 || rule.denied_size() != 0;
  if ((has_value && rule.others() != "accept" && rule.others() != "refuse") ||
      (lists && !has_value)) {
    return Malformed("advisories.others: say accept or refuse");
  }
  AdvisoryRule value{rule.others() == "accept",
                     {rule.accepted().begin(), rule.accepted().end()},
                     {rule.denied().begin(), rule.denied().end()}};
  return ReadField("advisories", has_value, std::move(value), rule.skip(), rule.warn(), field);
}

Status ReadAge(std::string_view name, const v1::AgeRule& rule, PolicyField<absl::Duration>& field) {
  return ReadField(name, rule.at_most_days() != 0, absl::Hours(24) * rule.at_most_days(),
                   rule.skip(), rule.warn(), field);
}

// 64 bits as the quote's bytes show them.
StatusOr<uint64_t> BitsOf(std::string_view name, const std::string& hex) {
  const auto bytes = FromHex(hex);
  if (!bytes || bytes->size() != 8) {
    return Malformed(absl::StrCat("xfam.", std::string(name), ": expected 16 hexadecimal digits"));
  }
  uint64_t out = 0;
  for (size_t i = 0; i < bytes->size(); ++i) out |= uint64_t{(*bytes)[i]} << (8 * i);
  return out;
}

Status ReadXfam(const v1::TdxXfamRule& rule, PolicyField<XfamRule>& field) {
  const bool has_value = !rule.required().empty() || !rule.allowed().empty();
  XfamRule value;
  if (has_value) {
    ASSIGN_OR_RETURN(value.required, BitsOf("required", rule.required()));
    ASSIGN_OR_RETURN(value.allowed, BitsOf("allowed", rule.allowed()));
    if ((value.required & ~value.allowed) != 0) {
      return Malformed("xfam: a bit is required and not allowed");
    }
  }
  return ReadField("xfam", has_value, value, rule.skip(), rule.warn(), field);
}

Status ReadCollateral(const v1::TdxPolicy& message, TdxPolicy& out) {
  RETURN_IF_ERROR(ReadField("collateral", message.collateral().required(), CollateralRule(),
                            message.collateral().skip(), "", out.collateral));
  RETURN_IF_ERROR(ReadStatuses(message.accepted_tcb_statuses(), out.accepted_statuses));
  RETURN_IF_ERROR(ReadAdvisories(message.advisories(), out.advisories));
  RETURN_IF_ERROR(ReadAge("tcb_info_age", message.tcb_info_age(), out.tcb_info_age));
  RETURN_IF_ERROR(ReadAge("pck_crl_age", message.pck_crl_age(), out.pck_crl_age));
  RETURN_IF_ERROR(ReadAge("root_crl_age", message.root_crl_age(), out.root_crl_age));
  const v1::TdxNumberRule& number = message.minimum_tcb_evaluation_number();
  return ReadField("minimum_tcb_evaluation_number", number.at_least() != 0, number.at_least(),
                   number.skip(), number.warn(), out.minimum_tcb_evaluation_number);
}

Status ReadFlags(const v1::TdxPolicy& message, TdxPolicy& out) {
  const v1::TdAttributeRules& from = message.td_attributes();
  TdAttributeRules& to = out.td_attributes;
  const struct {
    const char* name;
    const std::string& text;
    FlagRule& rule;
  } flags[] = {{"td_attributes.debug", from.debug(), to.debug},
               {"td_attributes.reserved", from.reserved(), to.reserved},
               {"td_attributes.icssd", from.icssd(), to.icssd},
               {"td_attributes.lass", from.lass(), to.lass},
               {"td_attributes.sept_ve_disable", from.sept_ve_disable(), to.sept_ve_disable},
               {"td_attributes.migratable", from.migratable(), to.migratable},
               {"td_attributes.pks", from.pks(), to.pks},
               {"td_attributes.key_locker", from.key_locker(), to.key_locker},
               {"td_attributes.tpa", from.tpa(), to.tpa},
               {"td_attributes.perfmon", from.perfmon(), to.perfmon},
               {"smt", message.smt(), out.smt},
               {"dynamic_platform", message.dynamic_platform(), out.dynamic_platform},
               {"cached_keys", message.cached_keys(), out.cached_keys}};
  for (const auto& flag : flags) RETURN_IF_ERROR(ReadFlag(flag.name, flag.text, flag.rule));
  return absl::OkStatus();
}

Status ReadSets(const v1::TdxPolicy& message, TdxPolicy& out) {
  const struct {
    const char* name;
    const v1::ByteSetRule& rule;
    size_t size;
    PolicyField<ByteSet>& field;
  } sets[] = {{"mr_td", message.mr_td(), kDigest, out.mr_td},
              {"rtmr0", message.rtmr0(), kDigest, out.rtmr[0]},
              {"rtmr1", message.rtmr1(), kDigest, out.rtmr[1]},
              {"rtmr2", message.rtmr2(), kDigest, out.rtmr[2]},
              {"rtmr3", message.rtmr3(), kDigest, out.rtmr[3]},
              {"mr_config_id", message.mr_config_id(), kDigest, out.mr_config_id},
              {"mr_owner", message.mr_owner(), kDigest, out.mr_owner},
              {"mr_owner_config", message.mr_owner_config(), kDigest, out.mr_owner_config},
              {"mr_seam", message.mr_seam(), kDigest, out.mr_seam},
              {"mr_signer_seam", message.mr_signer_seam(), kDigest, out.mr_signer_seam},
              {"seam_attributes", message.seam_attributes(), 8, out.seam_attributes},
              {"mr_service_td", message.mr_service_td(), kDigest, out.mr_service_td},
              {"allowed_fmspc", message.allowed_fmspc(), kFmspc, out.allowed_fmspc},
              {"denied_fmspc", message.denied_fmspc(), kFmspc, out.denied_fmspc},
              {"allowed_ppid", message.allowed_ppid(), kPlatform, out.allowed_ppid},
              {"denied_ppid", message.denied_ppid(), kPlatform, out.denied_ppid},
              {"allowed_platform_instances", message.allowed_platform_instances(), kPlatform,
               out.allowed_platform_instances},
              {"denied_platform_instances", message.denied_platform_instances(), kPlatform,
               out.denied_platform_instances}};
  for (const auto& set : sets) {
    RETURN_IF_ERROR(ReadByteSet(set.name, set.rule, set.size, set.field));
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<TdxRules> FromWire(const v1::TdxPolicy& message) {
  TdxRules out;
  if (!message.defaults().empty()) {
    if (message.defaults() != kTdxDefaultsDate) {
      return Malformed(absl::StrCat("defaults of '", message.defaults(),
                                    "' are not known; this program has those of ",
                                    kTdxDefaultsDate));
    }
    out.policy = DefaultTdxPolicy();
    out.roots = IntelSgxRootPins();
  }
  if (message.has_roots()) {
    ASSIGN_OR_RETURN(out.roots, RootsOf(message.roots()));
  }
  RETURN_IF_ERROR(ReadCollateral(message, out.policy));
  RETURN_IF_ERROR(ReadFlags(message, out.policy));
  RETURN_IF_ERROR(ReadXfam(message.xfam(), out.policy.xfam));
  RETURN_IF_ERROR(ReadSets(message, out.policy));
  return out;
}

}  // namespace kedge::wire
