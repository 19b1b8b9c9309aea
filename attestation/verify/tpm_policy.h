// What an owner accepts of a TPM's registers and of the events in its logs. A rule that is not
// there asks nothing; a rule that finds nothing to look at fails. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/firmware_log.h"
#include "attestation/parse/pcr_values.h"
#include "attestation/verify/check_list.h"

namespace kedge {

enum class Enforcement { kEnforce, kWarn };

// One register must hold one of these values.
struct PcrRule {
  PcrBank bank = PcrBank::kSha256;
  PcrIndex pcr = 0;
  std::vector<Bytes> accepted;
  Enforcement enforcement = Enforcement::kEnforce;
};

enum class EventQuantifier {
  kEvery,  // each selected event is one of the accepted, and there is at least one
  kSome,   // at least one is
  kNone    // no selected event is one of those named
};

// The events that a rule looks at, and what they must be. Digests are what was measured, and text
// counts only where the digest covers it. An event's type is not measured: whoever sends the log
// may have changed it, so that a rule by type should be one about every event of a register.
struct EventRule {
  std::string name;  // for people: "boot loader", "kernel command line"
  // Which events: all that are set must fit.
  std::optional<PcrIndex> pcr;
  std::optional<uint32_t> type;
  std::string variable;   // name of the UEFI variable ("db", "SbatLevel")
  std::string text_part;  // a part of the printable description ("kernel_cmdline")
  // What they must be: either list may be used, an event fits if it is in one of them.
  std::vector<Bytes> digests;      // in bank `bank`
  std::vector<std::string> texts;  // the covered text, printable
  PcrBank bank = PcrBank::kSha256;
  EventQuantifier quantifier = EventQuantifier::kEvery;
  Enforcement enforcement = Enforcement::kEnforce;
};

enum class Requirement { kAllow, kRequire, kForbid };

// Who may vouch for an attestation key (design: AK trust).
enum class AkTrust { kTeeReport, kAkCertificate, kEkCredential, kCaller };
std::string_view ToString(AkTrust trust);  // "tee-report", "ak-certificate", …

struct TpmPolicy {
  // Banks and PCRs that a quote must cover exactly; nullopt: those whose values came with it.
  std::optional<std::map<PcrBank, std::vector<PcrIndex>>> selection;
  std::vector<AkTrust> accepted_ak = {AkTrust::kTeeReport, AkTrust::kAkCertificate,
                                      AkTrust::kEkCredential, AkTrust::kCaller};
  std::vector<PcrRule> pcrs;
  Requirement secure_boot = Requirement::kAllow;
  std::vector<EventRule> events;
};

// Rows PCR_RULE, one a rule. A SHA-1 bank satisfies no rule.
void ApplyPcrRules(const TpmPolicy& policy, const PcrBankValues& values, CheckList& checks);

// Rows SECURE_BOOT and EVENT_RULE. `log` nullptr: rules fail, because there is nothing to look at.
void ApplyEventRules(const TpmPolicy& policy, const FirmwareLog* log, CheckList& checks);

// What the variable SecureBoot said when the firmware measured it into PCR 7 (RTMR 0), before its
// separator; nullopt where no event whose digest covers it says so, or two contradict each other.
std::optional<bool> SecureBootOf(const FirmwareLog& log);

}  // namespace kedge
