#include "attestation/verify/explain.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "attestation/verify/explain_table.h"

namespace kedge {
namespace {

// TCG PC Client Platform Firmware Profile 1.06 section 3.3.4; the UAPI Group's TPM PCR registry for
// those of the operating system; docs/MEASUREMENTS.md for 14 and 15 on our nodes.
constexpr std::array<std::string_view, 16> kPcrMeanings = {
    "the firmware's own code",
    "the firmware's configuration and boot variables",
    "option ROMs and drivers of devices",
    "configuration of option ROMs",
    "boot loader, unified kernel image and other EFI programs",
    "partition table and the boot loader's configuration",
    "the platform maker's own events",
    "Secure Boot: its state, keys and databases, and who signed what was started",
    "the boot loader's commands and the kernel's command line (GRUB)",
    "what the boot loader or the kernel's stub read: kernel, initrd",
    "files that the kernel measured (IMA)",
    "sections of the unified kernel image, and the phases of the boot",
    "kernel command line and credentials from outside the image",
    "system extensions from outside the image",
    "this node: init-data and what the key service told it (elsewhere: shim's keys)",
    "this cluster's identity (elsewhere: the system's identity)"};
constexpr std::array<std::string_view, 5> kRtmrMeanings = {
    "MRTD: the TD's first memory, its virtual firmware",
    "configuration of the virtual firmware, Secure Boot",
    "boot loader, unified kernel image, partition table", "kernel, command line, initrd",
    "what the running system measured"};

// "snp 24" pairs of a text such as "at least bl 4, tee 0, snp 24, ucode 219".
std::map<std::string, int> Numbers(std::string_view text) {
  std::map<std::string, int> out;
  const std::vector<std::string> words =
      absl::StrSplit(std::string(text), absl::ByAnyChar(" ,"), absl::SkipEmpty());
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    int number = 0;
    if (absl::SimpleAtoi(words[i + 1], &number)) out.emplace(words[i], number);
  }
  return out;
}

// Which part of a TCB differs from the one wanted; `floor`: higher is good.
std::string TcbDifferences(const Check& check, bool floor) {
  static constexpr std::pair<const char*, const char*> kParts[] = {
      {"fmc", "FMC"},
      {"bl", "boot loader of the secure processor (bl)"},
      {"tee", "its operating system (tee)"},
      {"snp", "SNP firmware (snp)"},
      {"ucode", "microcode (ucode)"}};
  const std::map<std::string, int> wanted = Numbers(check.expected);
  const std::map<std::string, int> seen = Numbers(check.actual);
  std::vector<std::string> out;
  for (const auto& [key, name] : kParts) {
    const auto want = wanted.find(key);
    const auto have = seen.find(key);
    if (want == wanted.end() || have == seen.end()) continue;
    if (floor ? have->second >= want->second : have->second == want->second) continue;
    out.push_back(absl::StrCat(name, " is ", have->second, floor ? ", needs " : ", certified is ",
                               want->second));
  }
  return absl::StrJoin(out, "; ");
}

// The number after `word` in "PCR 11 sha256" or "event 7 EV_IPL on PCR 11".
std::optional<uint32_t> NumberAfter(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::string_view rest = text.substr(at + word.size());
    const size_t size = std::min(rest.find_first_not_of("0123456789"), rest.size());
    uint32_t number = 0;
    if (size > 0 && absl::SimpleAtoi(std::string(rest.substr(0, size)), &number)) return number;
  }
  return std::nullopt;
}

std::string RegisterComponent(const Check& check) {
  const std::string text = check.name + " " + check.reason;
  if (const auto rtmr = NumberAfter(text, "RTMR")) {
    return absl::StrCat("RTMR", *rtmr, ": ", std::string(RegisterMeaning(true, *rtmr + 1)));
  }
  for (std::string_view word : {"PCR ", "pcr."}) {
    if (const auto pcr = NumberAfter(text, word)) {
      return absl::StrCat("PCR ", *pcr, ": ", std::string(RegisterMeaning(false, *pcr)));
    }
  }
  return "a measurement register";
}

std::string ComponentOf(const Check& check, const ExplainEntry& entry) {
  std::string component(entry.component);
  if (entry.detail == ExplainDetail::kRegister) return RegisterComponent(check);
  if (entry.detail == ExplainDetail::kReason && !check.reason.empty()) {
    return absl::StrCat(component, " (", check.reason, ")");
  }
  return component;
}

std::string DifferencesOf(const Check& check, const ExplainEntry& entry) {
  if (entry.detail == ExplainDetail::kTcbFloor) return TcbDifferences(check, true);
  if (entry.detail == ExplainDetail::kTcbEqual) return TcbDifferences(check, false);
  return "";
}

// The row's reason names the rule's last part: "guest_policy.smt", "platform.tsme".
std::string RuleOf(const Check& check, const ExplainEntry& entry) {
  std::string rule(entry.rule);
  if (rule.ends_with('*')) {
    rule.pop_back();
    absl::StrAppend(&rule, check.reason);
  }
  return rule;
}

bool IsAbout(const ExplainEntry& entry, std::string_view name) {
  const bool prefix = entry.name.back() == '*';
  return prefix ? name.starts_with(entry.name.substr(0, entry.name.size() - 1))
                : name == entry.name;
}

const ExplainEntry* Find(const Check& check) {
  for (const ExplainEntry& entry : ExplainTable()) {
    if (IsAbout(entry, check.name) && check.reason.find(entry.about) != std::string::npos) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace

std::string_view RegisterMeaning(bool ccel, uint32_t index) {
  if (ccel) return index < kRtmrMeanings.size() ? kRtmrMeanings[index] : "unknown";
  if (index < kPcrMeanings.size()) return kPcrMeanings[index];
  return index == 16 ? "debugging" : index <= 22 ? "dynamic launch (DRTM)" : "applications";
}

Explanation Explain(const Check& check) {
  if (check.result == CheckResult::kMalformed) {
    return {
        absl::StrCat("the bytes themselves", check.reason.empty() ? "" : ": ", check.reason), "",
        "The file is cut off, of another kind, or was changed on its way: get it again from the "
        "machine. Malformed evidence says nothing about the machine, good or bad.",
        PolicyRuleKind::kNone, ""};
  }
  const ExplainEntry* entry = Find(check);
  if (entry == nullptr) {
    return {absl::StrCat("check ", check.name, check.reason.empty() ? "" : ": ", check.reason), "",
            "This version has no advice about this check: compare what was expected with what was "
            "seen.",
            PolicyRuleKind::kNone, ""};
  }
  Explanation out{ComponentOf(check, *entry), DifferencesOf(check, *entry),
                  std::string(entry->remedy), entry->kind, RuleOf(check, *entry)};
  // A policy that leaves a rule out refuses by that alone.
  if (check.actual == "the policy leaves it unset") {
    out.remedy = "The policy says nothing about this: write a rule, or a skip with its reason.";
  }
  return out;
}

bool KnowsCheck(std::string_view name) {
  const std::span<const ExplainEntry> table = ExplainTable();
  return std::any_of(table.begin(), table.end(),
                     [name](const ExplainEntry& entry) { return IsAbout(entry, name); });
}

}  // namespace kedge
