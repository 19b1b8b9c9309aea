#include "proto/wire/tpm_policy.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <utility>

#include "proto/tpm_policy.pb.h"
#include "proto/wire/json.h"

namespace kedge::wire {
namespace {

constexpr JsonLimits kLimits{.max_bytes = kMaxTpmPolicyFile, .max_depth = 6, .max_values = 32768};
constexpr PcrIndex kMaxIndex = 23;

template <typename T, size_t N>
StatusOr<T> WordOf(const std::string& word,
                   const std::array<std::pair<std::string_view, T>, N>& words,
                   const std::string& field) {
  std::string known;
  for (const auto& [name, value] : words) {
    if (word == name) return value;
    absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(name));
  }
  return Malformed(
      absl::StrCat("TPM policy: ", field, " is '", word, "', expected one of ", known));
}

constexpr std::array<std::pair<std::string_view, Enforcement>, 2> kEnforcements = {
    {{"enforce", Enforcement::kEnforce}, {"warn", Enforcement::kWarn}}};
constexpr std::array<std::pair<std::string_view, Requirement>, 3> kRequirements = {
    {{"allow", Requirement::kAllow},
     {"require", Requirement::kRequire},
     {"forbid", Requirement::kForbid}}};
constexpr std::array<std::pair<std::string_view, EventQuantifier>, 3> kQuantifiers = {
    {{"every", EventQuantifier::kEvery},
     {"some", EventQuantifier::kSome},
     {"none", EventQuantifier::kNone}}};
constexpr std::array<std::pair<std::string_view, AkTrust>, 4> kAkTrusts = {
    {{"tee-report", AkTrust::kTeeReport},
     {"ak-certificate", AkTrust::kAkCertificate},
     {"ek-credential", AkTrust::kEkCredential},
     {"caller", AkTrust::kCaller}}};

// A bank that a rule may rest on.
StatusOr<PcrBank> BankOf(const std::string& name, const std::string& field) {
  ASSIGN_OR_RETURN(const PcrBank bank, ParseBankName(name));
  if (bank == PcrBank::kSha1) {
    return Malformed("TPM policy: " + field + " rests on SHA-1, which satisfies no rule");
  }
  return bank;
}

StatusOr<Bytes> DigestOf(const std::string& hex, PcrBank bank, const std::string& field) {
  std::optional<Bytes> value = FromHex(hex);
  if (!value || value->size() != DigestSize(bank)) {
    return Malformed(
        absl::StrCat("TPM policy: ", field, " is not ", DigestSize(bank), " bytes in hexadecimal"));
  }
  return *std::move(value);
}

Status CheckIndex(PcrIndex index, const std::string& field) {
  if (index <= kMaxIndex) return absl::OkStatus();
  return Malformed(absl::StrCat("TPM policy: ", field, " names PCR ", index));
}

StatusOr<PcrRule> PcrRuleOf(const v1::TpmPcrRule& message, const std::string& field) {
  PcrRule out;
  ASSIGN_OR_RETURN(out.bank, BankOf(message.bank(), field));
  RETURN_IF_ERROR(CheckIndex(message.pcr(), field));
  out.pcr = message.pcr();
  for (const std::string& hex : message.accepted()) {
    ASSIGN_OR_RETURN(out.accepted.emplace_back(), DigestOf(hex, out.bank, field + ".accepted"));
  }
  if (out.accepted.empty()) return Malformed("TPM policy: " + field + " accepts no value");
  ASSIGN_OR_RETURN(out.enforcement,
                   WordOf(message.enforcement(), kEnforcements, field + ".enforcement"));
  return out;
}

StatusOr<uint32_t> EventTypeOf(const std::string& name, const std::string& field) {
  // The types of the profile, old and UEFI.
  for (uint32_t base : {0u, 0x80000000u}) {
    for (uint32_t low = 0; low < 0x100; ++low) {
      if (EventTypeName(base + low) == name) return base + low;
    }
  }
  return Malformed("TPM policy: " + field + ".type '" + name + "' is no event type");
}

StatusOr<EventRule> EventRuleOf(const v1::TpmEventRule& message, const std::string& field) {
  EventRule out;
  out.name = message.name();
  if (out.name.empty()) return Malformed("TPM policy: " + field + " has no name");
  if (message.has_pcr()) {
    RETURN_IF_ERROR(CheckIndex(message.pcr(), field));
    out.pcr = message.pcr();
  }
  if (!message.type().empty()) {
    ASSIGN_OR_RETURN(out.type, EventTypeOf(message.type(), field));
  }
  out.variable = message.variable();
  out.text_part = message.text_part();
  if (!out.pcr && !out.type && out.variable.empty() && out.text_part.empty()) {
    return Malformed("TPM policy: " + field + " says of no event that it is about it");
  }
  if (message.digests_size() > 0) {
    ASSIGN_OR_RETURN(out.bank, BankOf(message.bank(), field + ".bank"));
  } else if (!message.bank().empty()) {
    return Malformed("TPM policy: " + field + " has a bank and no digests");
  }
  for (const std::string& hex : message.digests()) {
    ASSIGN_OR_RETURN(out.digests.emplace_back(), DigestOf(hex, out.bank, field + ".digests"));
  }
  out.texts.assign(message.texts().begin(), message.texts().end());
  if (out.digests.empty() && out.texts.empty()) {
    return Malformed("TPM policy: " + field + " names neither digests nor texts");
  }
  ASSIGN_OR_RETURN(out.quantifier,
                   WordOf(message.quantifier(), kQuantifiers, field + ".quantifier"));
  ASSIGN_OR_RETURN(out.enforcement,
                   WordOf(message.enforcement(), kEnforcements, field + ".enforcement"));
  return out;
}

}  // namespace

StatusOr<TpmPolicy> TpmPolicyFromProto(const v1::TpmPolicy& message) {
  TpmPolicy out;
  for (const auto& [name, indices] : message.selection()) {
    if (!out.selection) out.selection.emplace();
    ASSIGN_OR_RETURN(const PcrBank bank, ParseBankName(name));
    PcrIndex previous = 0;
    for (PcrIndex index : indices.pcrs()) {
      RETURN_IF_ERROR(CheckIndex(index, "selection." + name));
      std::vector<PcrIndex>& list = (*out.selection)[bank];
      if (!list.empty() && index <= previous) {
        return Malformed("TPM policy: selection." + name + " is not in ascending order");
      }
      list.push_back(index);
      previous = index;
    }
    if (indices.pcrs().empty()) return Malformed("TPM policy: selection." + name + " is empty");
  }
  out.accepted_ak.clear();
  for (const std::string& word : message.accepted_ak()) {
    ASSIGN_OR_RETURN(out.accepted_ak.emplace_back(), WordOf(word, kAkTrusts, "accepted_ak"));
  }
  if (out.accepted_ak.empty()) {
    return Malformed("TPM policy: accepted_ak names nobody who may vouch for a key");
  }
  for (int i = 0; i < message.pcrs_size(); ++i) {
    ASSIGN_OR_RETURN(out.pcrs.emplace_back(),
                     PcrRuleOf(message.pcrs(i), absl::StrCat("pcrs[", i, "]")));
  }
  ASSIGN_OR_RETURN(out.secure_boot, WordOf(message.secure_boot(), kRequirements, "secure_boot"));
  for (int i = 0; i < message.events_size(); ++i) {
    ASSIGN_OR_RETURN(out.events.emplace_back(),
                     EventRuleOf(message.events(i), absl::StrCat("events[", i, "]")));
  }
  return out;
}

StatusOr<TpmPolicy> ParseTpmPolicy(ByteView file) {
  v1::TpmPolicy message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kLimits, &message), "TPM policy"));
  return TpmPolicyFromProto(message);
}

}  // namespace kedge::wire
