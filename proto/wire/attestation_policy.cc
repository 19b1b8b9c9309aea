#include "proto/wire/attestation_policy.h"

#include <absl/strings/str_cat.h>

#include "proto/attestation_policy.pb.h"
#include "proto/wire/json.h"
#include "proto/wire/policy_rules.h"
#include "proto/wire/tpm_policy.h"

namespace kedge::wire {
namespace {

constexpr char kFormat[] = "kedge.attestation-policy.v1";
constexpr JsonLimits kLimits{
    .max_bytes = kMaxAttestationPolicyFile, .max_depth = 8, .max_values = 16384};
constexpr FlagRule kFlagRules[] = {FlagRule::kAllow, FlagRule::kRequire, FlagRule::kForbid,
                                   FlagRule::kRequireWhereStated};

}  // namespace

Status ReadByteSet(std::string_view name, const v1::ByteSetRule& rule, size_t size,
                   PolicyField<std::vector<Bytes>>& field) {
  std::vector<Bytes> values;
  for (const std::string& hex : rule.any_of()) {
    std::optional<Bytes> value = FromHex(hex);
    if (!value || value->size() != size) {
      return Malformed(absl::StrCat(std::string(name), ": expected ", 2 * size,
                                    " hexadecimal digits, got '", hex, "'"));
    }
    values.push_back(*std::move(value));
  }
  const bool has_value = !values.empty();
  return ReadField(name, has_value, std::move(values), rule.skip(), rule.warn(), field);
}

Status ReadTextSet(std::string_view name, const v1::TextSetRule& rule,
                   PolicyField<std::vector<std::string>>& field) {
  std::vector<std::string> values(rule.any_of().begin(), rule.any_of().end());
  const bool has_value = !values.empty();
  return ReadField(name, has_value, std::move(values), rule.skip(), rule.warn(), field);
}

Status ReadFlag(std::string_view name, const std::string& text, FlagRule& rule) {
  if (text.empty()) return absl::OkStatus();
  for (FlagRule known : kFlagRules) {
    if (text == ToString(known)) {
      rule = known;
      return absl::OkStatus();
    }
  }
  return Malformed(std::string(name) + ": '" + text +
                   "' is not allow, require, forbid or require-where-stated");
}

StatusOr<AttestationPolicy> FromWire(const v1::AttestationPolicy& message) {
  if (message.format() != kFormat) {
    return Malformed(absl::StrCat("attestation policy: format is '", message.format(),
                                  "', expected '", kFormat, "'"));
  }
  AttestationPolicy out;
  if (message.has_snp()) {
    StatusOr<SnpPolicy> snp = FromWire(message.snp());
    if (!snp.ok()) return Annotate(snp.status(), "attestation policy: snp");
    RETURN_IF_ERROR(Annotate(CheckComplete(*snp), "attestation policy: snp"));
    out.snp = *std::move(snp);
  }
  if (message.has_tdx()) {
    StatusOr<TdxRules> tdx = FromWire(message.tdx());
    if (!tdx.ok()) return Annotate(tdx.status(), "attestation policy: tdx");
    if (tdx->roots.empty()) {
      return MakeFault(StatusCode::kInvalidArgument, "POLICY_INCOMPLETE", Advice::kAskOperator,
                       "attestation policy: tdx: no rule for roots: name Intel's or others");
    }
    RETURN_IF_ERROR(Annotate(CheckComplete(tdx->policy), "attestation policy: tdx"));
    out.tdx = *std::move(tdx);
  }
  if (message.has_tpm()) {
    StatusOr<TpmPolicy> tpm = TpmPolicyFromProto(message.tpm());
    if (!tpm.ok()) return Annotate(tpm.status(), "attestation policy");
    out.tpm = *std::move(tpm);
  }
  return out;
}

StatusOr<AttestationPolicy> ParseAttestationPolicy(ByteView file) {
  v1::AttestationPolicy message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kLimits, &message), "attestation policy"));
  return FromWire(message);
}

StatusOr<AttestationRules> RulesFromWire(const v1::AttestationPolicy& message) {
  AttestationRules out;
  ASSIGN_OR_RETURN(out.policy, FromWire(message));
  ASSIGN_OR_RETURN(out.file, PrintJson(message));
  return out;
}

StatusOr<AttestationRules> ParseAttestationRules(ByteView file) {
  v1::AttestationPolicy message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kLimits, &message), "attestation policy"));
  return RulesFromWire(message);
}

Status ToWire(const AttestationRules& rules, v1::AttestationPolicy* out) {
  return Annotate(ParseJson(rules.file, kLimits, out), "attestation policy");
}

}  // namespace kedge::wire
