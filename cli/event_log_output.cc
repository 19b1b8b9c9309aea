#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "attestation/model/measured_event.h"
#include "attestation/parse/event_data.h"
#include "attestation/parse/printable.h"
#include "attestation/verify/log_replay.h"
#include "cli/table.h"
#include "cli/tpm_claims.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kWidestSummary = 100;

ordered_json DigestsJson(const std::map<PcrBank, Bytes>& digests) {
  ordered_json out = ordered_json::object();
  for (const auto& [bank, digest] : digests) out[std::string(ToString(bank))] = ToHex(digest);
  return out;
}

// "partial" where the digests cover a part of the data only: a boot loader's text without its
// label, a variable without its name.
std::string TrustOf(const FirmwareEvent& event, const EventJudgement& judgement) {
  ByteView data(event.data);
  while (data.size() > judgement.covered.size() && data.back() == 0) {
    data = data.first(data.size() - 1);
  }
  const bool partial =
      judgement.trust == EventTrust::kVerified && judgement.covered.size() < data.size();
  return partial ? "partial" : std::string(ToString(judgement.trust));
}

ordered_json EventJson(const FirmwareLog& log, size_t index, const EventJudgement& judgement) {
  const FirmwareEvent& event = log.events[index];
  EventDescription description = DescribeEvent(event);
  ordered_json fields = ordered_json::array();
  for (EventField& field : description.fields) {
    fields.push_back({{"name", std::move(field.name)}, {"value", std::move(field.value)}});
  }
  ordered_json out = {{"index", index},
                      {"register", event.pcr},
                      {"type", EventTypeName(event.type)},
                      {"trust", TrustOf(event, judgement)},
                      {"covered", PrintableText(judgement.covered)},
                      {"text", std::move(description.summary)},
                      {"digests", DigestsJson(event.digests)},
                      {"size", event.data.size()}};
  if (!fields.empty()) out["fields"] = std::move(fields);
  return out;
}

std::string FormatName(const FirmwareLog& log) {
  if (log.ccel) return "CCEL";
  return log.format == FirmwareLogFormat::kSha1Only ? "TCG SHA-1 only" : "TCG2 crypto-agile";
}

std::string BankNames(const FirmwareLog& log) {
  return absl::StrJoin(log.banks, ", ", [](std::string* out, PcrBank bank) {
    absl::StrAppend(out, std::string(ToString(bank)));
  });
}

std::string SecureBootText(std::optional<bool> state) {
  if (!state) return "not said";
  return *state ? "enabled" : "disabled";
}

// Secrets are measured as keyed digests, which no content has.
std::string TrustOf(const CelRecord& record) {
  const bool covered =
      !record.digests.empty() && !record.content.empty() &&
      std::all_of(record.digests.begin(), record.digests.end(), [&record](const auto& entry) {
        return Equal(DigestInBank(entry.first, record.content), entry.second);
      });
  return std::string(ToString(covered ? EventTrust::kVerified : EventTrust::kUnverified));
}

// A summary may hold UTF-8: cut between characters.
std::string Shortened(const std::string& text) {
  if (text.size() <= kWidestSummary) return text;
  size_t end = kWidestSummary;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

ordered_json EventLogJson(const FirmwareLog& log, const EventLogClaims& claims) {
  ordered_json banks = ordered_json::array();
  for (PcrBank bank : log.banks) banks.push_back(std::string(ToString(bank)));
  ordered_json events = ordered_json::array();
  for (size_t i = 0; i < log.events.size(); ++i) {
    events.push_back(EventJson(log, i, claims.judgements[i]));
  }
  return {{"format", FormatName(log)},
          {"registers", log.ccel ? "rtmr" : "pcr"},
          {"banks", std::move(banks)},
          {"startup_locality", log.startup_locality},
          {"padding", log.padding},
          {"secure_boot", claims.secure_boot ? ordered_json(*claims.secure_boot) : ordered_json()},
          {"exit_boot_services", claims.exit_boot_services},
          {"boot_phase", claims.boot_phase},
          {"events", std::move(events)},
          {"replayed", PcrsJson(claims.replayed)}};
}

std::string EventLogText(const FirmwareLog& log, const EventLogClaims& claims) {
  Table events({"EVENT", "REGISTER", "TYPE", "DATA", "WHAT"});
  for (size_t i = 0; i < log.events.size(); ++i) {
    const FirmwareEvent& event = log.events[i];
    events.Add({std::to_string(i), RegisterName(log.ccel, event.pcr), EventTypeName(event.type),
                TrustOf(event, claims.judgements[i]), Shortened(DescribeEvent(event).summary)});
  }
  Table registers({"BANK", "REGISTER", "REPLAYED"});
  for (const auto& [bank, values] : claims.replayed) {
    for (const auto& [index, value] : values) {
      registers.Add({std::string(ToString(bank)), RegisterName(log.ccel, index), ToHex(value)});
    }
  }
  return absl::StrCat(events.Print(), "\n", registers.Print(), "\nformat       ", FormatName(log),
                      ", banks ", BankNames(log), ", ", log.events.size(), " events\n",  //
                      "secure boot  ", SecureBootText(claims.secure_boot), "\n");
}

ordered_json CelLogJson(const std::vector<CelRecord>& records) {
  ordered_json events = ordered_json::array();
  for (const CelRecord& record : records) {
    events.push_back({{"index", events.size()},
                      {"register", record.pcr},
                      {"type", record.content_type},
                      {"kind", record.kind},
                      {"trust", TrustOf(record)},
                      {"text", record.text},
                      {"digests", DigestsJson(record.digests)}});
  }
  return {{"format", "CEL-JSON"}, {"registers", "pcr"}, {"events", std::move(events)}};
}

std::string CelLogText(const std::vector<CelRecord>& records) {
  Table table({"EVENT", "REGISTER", "TYPE", "DATA", "WHAT"});
  for (size_t i = 0; i < records.size(); ++i) {
    const CelRecord& record = records[i];
    table.Add({std::to_string(i), RegisterName(false, record.pcr),
               record.content_type + " " + record.kind, TrustOf(record), Shortened(record.text)});
  }
  return table.Print();
}

}  // namespace kedge::cli
