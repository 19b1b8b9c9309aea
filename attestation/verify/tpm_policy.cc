#include "attestation/verify/tpm_policy.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "attestation/model/measured_event.h"
#include "attestation/parse/event_data.h"
#include "attestation/parse/printable.h"
#include "attestation/parse/uefi.h"
#include "attestation/verify/event_digest.h"

namespace kedge {
namespace {

constexpr PcrIndex kSecureBootPcr = 7;
constexpr PcrIndex kSecureBootRegister = 1;  // RTMR 0 in a CCEL

void Report(Enforcement enforcement, bool good, std::string name, std::string expected,
            std::string actual, std::string reason, CheckList& checks) {
  if (good) {
    checks.Pass(std::move(name), std::move(expected), std::move(actual), std::move(reason));
  } else if (enforcement == Enforcement::kWarn) {
    checks.Warn(std::move(name), std::move(expected), std::move(actual), std::move(reason));
  } else {
    checks.Fail(std::move(name), std::move(expected), std::move(actual), std::move(reason));
  }
}

std::string HexList(const std::vector<Bytes>& values) {
  return absl::StrJoin(values, " or ", [](std::string* out, const Bytes& value) {
    absl::StrAppend(out, ToHex(value));
  });
}

bool Contains(const std::vector<Bytes>& list, ByteView value) {
  return std::any_of(list.begin(), list.end(),
                     [value](const Bytes& entry) { return Equal(entry, value); });
}

std::optional<UefiVariable> VariableOf(const FirmwareEvent& event) {
  if (event.type != kEvEfiVariableDriverConfig && event.type != kEvEfiVariableBoot &&
      event.type != kEvEfiVariableBoot2 && event.type != kEvEfiVariableAuthority) {
    return std::nullopt;
  }
  StatusOr<UefiVariable> variable = ParseUefiVariable(event.data);
  if (!variable.ok()) return std::nullopt;
  return *std::move(variable);
}

bool Selects(const EventRule& rule, const FirmwareEvent& event) {
  if (event.type == kEvNoAction) return false;
  if (rule.pcr && *rule.pcr != event.pcr) return false;
  if (rule.type && *rule.type != event.type) return false;
  if (!rule.variable.empty()) {
    const std::optional<UefiVariable> variable = VariableOf(event);
    if (!variable || variable->name != rule.variable) return false;
  }
  return rule.text_part.empty() ||
         DescribeEvent(event).summary.find(rule.text_part) != std::string::npos;
}

bool Accepts(const EventRule& rule, const FirmwareEvent& event) {
  const auto digest = event.digests.find(rule.bank);
  if (digest != event.digests.end() && Contains(rule.digests, digest->second)) return true;
  if (rule.texts.empty()) return false;
  const EventJudgement judgement = JudgeEvent(event);
  return judgement.trust == EventTrust::kVerified &&
         std::find(rule.texts.begin(), rule.texts.end(), PrintableText(judgement.covered)) !=
             rule.texts.end();
}

std::string ShowEvent(const EventRule& rule, const FirmwareEvent& event) {
  const auto digest = event.digests.find(rule.bank);
  return absl::StrCat(
      DescribeEvent(event).summary, " ",
      digest == event.digests.end() ? "without a digest in this bank" : ToHex(digest->second));
}

std::string ExpectedOf(const EventRule& rule) {
  std::string accepted = HexList(rule.digests);
  for (const std::string& text : rule.texts) {
    absl::StrAppend(&accepted, accepted.empty() ? "\"" : " or \"", text, "\"");
  }
  switch (rule.quantifier) {
    case EventQuantifier::kEvery:
      return "every such event is " + accepted;
    case EventQuantifier::kSome:
      return "an event " + accepted;
    case EventQuantifier::kNone:
      return "no event " + accepted;
  }
  return accepted;
}

bool IsSeparatorDigest(const FirmwareEvent& event) {
  const auto all = [&event](uint8_t byte) {
    const Bytes data(4, byte);
    return !event.digests.empty() &&
           std::all_of(event.digests.begin(), event.digests.end(), [&](const auto& entry) {
             return Equal(DigestInBank(entry.first, data), entry.second);
           });
  };
  return all(0x00) || all(0xFF);
}

void ApplyEventRule(const EventRule& rule, const FirmwareLog& log, CheckList& checks) {
  if (rule.bank == PcrBank::kSha1 && !rule.digests.empty()) {
    checks.Fail("EVENT_RULE", "digests of SHA-256 or stronger", "digests of SHA-1", rule.name);
    return;
  }
  size_t selected = 0;
  size_t accepted = 0;
  const FirmwareEvent* other = nullptr;
  const FirmwareEvent* match = nullptr;
  for (const FirmwareEvent& event : log.events) {
    if (!Selects(rule, event)) continue;
    ++selected;
    if (Accepts(rule, event)) {
      ++accepted;
      match = &event;
    } else if (other == nullptr) {
      other = &event;
    }
  }
  const bool good = rule.quantifier == EventQuantifier::kEvery
                        ? selected > 0 && accepted == selected
                    : rule.quantifier == EventQuantifier::kSome ? accepted > 0
                                                                : accepted == 0;
  const FirmwareEvent* shown = rule.quantifier == EventQuantifier::kNone ? match
                               : good                                    ? match
                                                                         : other;
  Report(rule.enforcement, good, "EVENT_RULE", ExpectedOf(rule),
         shown == nullptr ? "no such event" : ShowEvent(rule, *shown), rule.name, checks);
}

}  // namespace

std::string_view ToString(AkTrust trust) {
  switch (trust) {
    case AkTrust::kTeeReport:
      return "tee-report";
    case AkTrust::kAkCertificate:
      return "ak-certificate";
    case AkTrust::kEkCredential:
      return "ek-credential";
    case AkTrust::kCaller:
      return "caller";
  }
  return "unknown";
}

void ApplyPcrRules(const TpmPolicy& policy, const PcrBankValues& values, CheckList& checks) {
  for (const PcrRule& rule : policy.pcrs) {
    const std::string where = absl::StrCat("PCR ", rule.pcr, " ", std::string(ToString(rule.bank)));
    const Bytes* value = nullptr;
    if (const auto bank = values.find(rule.bank); bank != values.end()) {
      if (const auto found = bank->second.find(rule.pcr); found != bank->second.end()) {
        value = &found->second;
      }
    }
    const bool good =
        rule.bank != PcrBank::kSha1 && value != nullptr && Contains(rule.accepted, *value);
    Report(rule.enforcement, good, "PCR_RULE", HexList(rule.accepted),
           value == nullptr ? "no value" : ToHex(*value), where, checks);
  }
}

std::optional<bool> SecureBootOf(const FirmwareLog& log) {
  std::optional<bool> out;
  const PcrIndex index = log.ccel ? kSecureBootRegister : kSecureBootPcr;
  for (const FirmwareEvent& event : log.events) {
    if (event.pcr != index || event.type == kEvNoAction) continue;
    // What comes after the firmware's separator may be anybody's, whatever its type claims to be.
    if (IsSeparatorDigest(event)) return out;
    const std::optional<UefiVariable> variable = VariableOf(event);
    if (!variable || variable->guid != kGlobalVariableGuid || variable->name != "SecureBoot") {
      continue;
    }
    // A digest over the value alone would not say which variable it was.
    const EventJudgement judgement = JudgeEvent(event);
    if (judgement.trust != EventTrust::kVerified || judgement.covered.size() != event.data.size()) {
      continue;
    }
    const bool on = variable->data.size() == 1 && variable->data[0] == 1;
    if (out && *out != on) return std::nullopt;
    out = on;
  }
  // Without a separator nothing says where the firmware ended.
  return std::nullopt;
}

void ApplyEventRules(const TpmPolicy& policy, const FirmwareLog* log, CheckList& checks) {
  if (policy.secure_boot != Requirement::kAllow) {
    const bool wanted = policy.secure_boot == Requirement::kRequire;
    const std::optional<bool> state = log == nullptr ? std::nullopt : SecureBootOf(*log);
    checks.Demand("SECURE_BOOT", state == wanted, wanted ? "enabled" : "disabled",
                  !state   ? "no event says so"
                  : *state ? "enabled"
                           : "disabled");
  }
  for (const EventRule& rule : policy.events) {
    if (log == nullptr) {
      Report(rule.enforcement, false, "EVENT_RULE", ExpectedOf(rule), "no event log", rule.name,
             checks);
    } else {
      ApplyEventRule(rule, *log, checks);
    }
  }
}

}  // namespace kedge
