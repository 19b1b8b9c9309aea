// Rules of a policy file as the verifiers' own types. For this room only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/verify/policy_field.h"
#include "attestation/verify/policy_rule.h"
#include "attestation/verify/snp_policy.h"
#include "base/bytes.h"
#include "base/status.h"
#include "proto/attestation_policy.pb.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::wire {

// One rule out of `value`, which is there or not, and the words of `skip` and `warn`. Leaves
// `field` alone where the file says nothing. MALFORMED where it says two things at once.
template <typename T>
Status ReadField(std::string_view name, bool has_value, T value, const std::string& skip,
                 const std::string& warn, PolicyField<T>& field) {
  const bool two_ways = (!skip.empty() && has_value) || (!warn.empty() && !has_value);
  if (two_ways) {
    return Malformed(std::string(name) + ": give values (with or without warn), or skip");
  }
  if (!skip.empty()) {
    field = PolicyField<T>::Skip("policy: " + skip);
  } else if (!warn.empty()) {
    field = PolicyField<T>::Warn(std::move(value), "policy: " + warn);
  } else if (has_value) {
    field = PolicyField<T>::Enforce(std::move(value));
  }
  return absl::OkStatus();
}

// Each value in hex, of exactly `size` bytes.
Status ReadByteSet(std::string_view name, const v1::ByteSetRule& rule, size_t size,
                   PolicyField<std::vector<Bytes>>& field);
Status ReadTextSet(std::string_view name, const v1::TextSetRule& rule,
                   PolicyField<std::vector<std::string>>& field);
// "" leaves `rule` alone.
Status ReadFlag(std::string_view name, const std::string& text, FlagRule& rule);

// `defaults` first, then what `message` says.
StatusOr<SnpPolicy> FromWire(const v1::SnpPolicy& message);
StatusOr<TdxRules> FromWire(const v1::TdxPolicy& message);
// A whole policy: complete, or POLICY_INCOMPLETE.
StatusOr<AttestationPolicy> FromWire(const v1::AttestationPolicy& message);
// With the text that ToWire reads again.
StatusOr<AttestationRules> RulesFromWire(const v1::AttestationPolicy& message);
Status ToWire(const AttestationRules& rules, v1::AttestationPolicy* out);

}  // namespace kedge::wire
