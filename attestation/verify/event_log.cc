#include "attestation/verify/event_log.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "attestation/verify/log_replay.h"
#include "attestation/verify/tpm_policy.h"

namespace kedge {
namespace {

constexpr size_t kMaxShownMismatches = 16;
constexpr PcrIndex kBootPcr = 11;
constexpr PcrIndex kFirstOsPcr = 8;
constexpr std::string_view kExitInvocation = "Exit Boot Services Invocation";
constexpr std::string_view kExitSuccess = "Exit Boot Services Returned with Success";

void CheckEvents(const FirmwareLog& log, EventLogClaims& claims, CheckList& checks) {
  size_t verified = 0;
  size_t mismatched = 0;
  for (size_t i = 0; i < log.events.size(); ++i) {
    const FirmwareEvent& event = log.events[i];
    const EventJudgement judgement = JudgeEvent(event);
    claims.judgements.push_back(judgement);
    verified += judgement.trust == EventTrust::kVerified ? 1 : 0;
    if (judgement.trust != EventTrust::kMismatch) continue;
    if (++mismatched > kMaxShownMismatches) continue;
    const auto& [bank, digest] = *event.digests.rbegin();
    checks.Fail("EVENT_DIGEST", ToHex(digest), ToHex(DigestInBank(bank, event.data)),
                absl::StrCat("event ", i, " ", EventTypeName(event.type), " on ",
                             RegisterName(log.ccel, event.pcr)));
  }
  if (mismatched > kMaxShownMismatches) {
    checks.Fail("EVENT_DIGEST", "data that has its digest",
                absl::StrCat(mismatched - kMaxShownMismatches, " more events do not"));
  }
  if (mismatched == 0) {
    checks.Pass("EVENT_DIGEST", "data that has its digest",
                absl::StrCat(verified, " of ", log.events.size(), " events verified, ",
                             log.events.size() - verified, " unverified"));
  }
}

struct BankResult {
  size_t same = 0;
  std::vector<std::string> unmentioned;
};

void CheckRegister(const FirmwareLog& log, PcrBank bank, PcrIndex index, const Bytes& value,
                   EventLogClaims& claims, BankResult& result, CheckList& checks) {
  const std::string where =
      absl::StrCat(RegisterName(log.ccel, index), " ", std::string(ToString(bank)));
  const PcrValues& replayed = claims.replayed.at(bank);
  const auto found = replayed.find(index);
  const bool mentioned = found != replayed.end();
  const Bytes expected = mentioned ? found->second : StartOf(index, bank, log);
  if (Equal(expected, value)) {
    ++result.same;
    return;
  }
  if (!log.ccel && index == kBootPcr) {
    if (const auto phase = BootPhaseAt(bank, expected, value)) {
      claims.boot_phase = std::string(*phase);
      ++result.same;
      return;
    }
  }
  if (!mentioned && index >= kFirstOsPcr && !log.ccel) {
    result.unmentioned.push_back(absl::StrCat(index));
    return;
  }
  checks.Fail("LOG_REPLAY", ToHex(value), ToHex(expected), where + " from the log");
}

void CheckBank(const FirmwareLog& log, PcrBank bank, const PcrValues& values,
               EventLogClaims& claims, CheckList& checks) {
  const std::string name(ToString(bank));
  if (claims.replayed.count(bank) == 0) {
    checks.Fail("LOG_REPLAY", "events with digests of bank " + name, "none", name);
    return;
  }
  BankResult result;
  CheckList rows;
  for (const auto& [index, value] : values) {
    CheckRegister(log, bank, index, value, claims, result, rows);
  }
  const bool good = rows.checks().empty();
  checks.Append(std::move(rows));
  if (!good) return;
  const std::string rest =
      result.unmentioned.empty()
          ? ""
          : absl::StrCat("; not in this log: ", absl::StrJoin(result.unmentioned, ","));
  checks.Demand("LOG_REPLAY", result.same > 0, "registers that the log replays to",
                absl::StrCat(result.same, " of ", values.size(), " registers", rest), name);
}

void CheckBanks(const EventLogClaims& claims, const PcrBankValues& values, CheckList& checks) {
  const auto strong = [](const auto& entry) { return entry.first != PcrBank::kSha1; };
  const bool good = std::any_of(claims.replayed.begin(), claims.replayed.end(), strong) &&
                    (values.empty() || std::any_of(values.begin(), values.end(), strong));
  const bool any_sha1 = claims.replayed.count(PcrBank::kSha1) != 0;
  const std::string wanted = "a bank of SHA-256 or stronger";
  if (!good) {
    checks.Fail("SHA1_BANK", wanted, any_sha1 ? "SHA-1 alone" : "none");
  } else if (any_sha1) {
    checks.Pass("SHA1_BANK", wanted, "SHA-1 beside it satisfies nothing");
  }
}

bool HasAction(const FirmwareLog& log, std::string_view text) {
  return std::any_of(log.events.begin(), log.events.end(), [&](const FirmwareEvent& event) {
    return event.type == kEvEfiAction && AsText(event.data).starts_with(text);
  });
}

}  // namespace

EventLogClaims CheckEventLog(const FirmwareLog& log, const PcrBankValues& values,
                             CheckList& checks) {
  EventLogClaims claims;
  CheckEvents(log, claims, checks);
  for (PcrBank bank : log.banks) {
    StatusOr<PcrValues> replayed = ReplayFirmwareLog(log, bank);
    if (replayed.ok()) {
      claims.replayed[bank] = *std::move(replayed);
    } else {
      // Fails below where values of this bank are to be explained.
      checks.Warn("LOG_REPLAY", "a digest of every event", MessageOf(replayed.status()),
                  std::string(ToString(bank)));
    }
  }
  if (values.empty()) checks.Skip("LOG_REPLAY", "the caller gave no register values");
  for (const auto& [bank, registers] : values) CheckBank(log, bank, registers, claims, checks);
  CheckBanks(claims, values, checks);
  claims.secure_boot = SecureBootOf(log);
  claims.exit_boot_services = HasAction(log, kExitInvocation) && HasAction(log, kExitSuccess);
  const bool loader = std::any_of(
      log.events.begin(), log.events.end(),
      [](const FirmwareEvent& event) { return event.type == kEvEfiBootServicesApplication; });
  if (loader && !claims.exit_boot_services) {
    checks.Warn("EXIT_BOOT", "events of ExitBootServices after the boot loader", "none");
  }
  return claims;
}

}  // namespace kedge
