#include "attestation/verify/log_replay.h"

#include <absl/strings/str_cat.h>

#include <array>

#include "attestation/verify/event_digest.h"

namespace kedge {
namespace {

constexpr PcrIndex kBootPcr = 11;
constexpr std::array<std::string_view, 6> kPhases = {"enter-initrd", "leave-initrd", "sysinit",
                                                     "ready",        "shutdown",     "final"};
constexpr std::array<PcrIndex, 12> kFirmwarePcrs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13};

Status Differs(PcrIndex pcr, ByteView quoted, ByteView replayed) {
  return Refused("LOG_REPLAY", absl::StrCat("PCR ", pcr, " is ", ToHex(quoted),
                                            ", the log sent with it replays to ", ToHex(replayed)));
}

StatusOr<Bytes> Quoted(const PcrValues& pcrs, PcrIndex pcr) {
  const auto value = pcrs.find(pcr);
  if (value == pcrs.end()) {
    return Refused("PCR_SELECTION", absl::StrCat("no value was sent for PCR ", pcr));
  }
  return value->second;
}

Status CheckBootPcr(PcrBank bank, ByteView quoted, const Bytes& at_handover) {
  if (BootPhaseAt(bank, at_handover, quoted)) return absl::OkStatus();
  return Annotate(Differs(kBootPcr, quoted, at_handover), "with no sequence of boot phases");
}

}  // namespace

std::span<const std::string_view> BootPhaseWords() { return kPhases; }

std::optional<std::string_view> BootPhaseAt(PcrBank bank, ByteView at_handover, ByteView value) {
  if (Equal(at_handover, value)) return "";
  Bytes replayed = ToBytes(at_handover);
  for (std::string_view phase : kPhases) {
    replayed = ExtendedPcr(bank, replayed, AsBytes(phase));
    if (Equal(replayed, value)) return phase;
  }
  return std::nullopt;
}

Bytes StartOf(PcrIndex pcr, PcrBank bank, const FirmwareLog& log) {
  if (log.ccel) return ZeroPcr(bank);
  if (pcr >= 17 && pcr <= 22) return Bytes(DigestSize(bank), 0xFF);
  Bytes value = ZeroPcr(bank);
  if (pcr == 0) value.back() = log.startup_locality;
  return value;
}

StatusOr<PcrValues> ReplayFirmwareLog(const FirmwareLog& log, PcrBank bank) {
  PcrValues pcrs;
  for (const FirmwareEvent& event : log.events) {
    if (event.type == kEvNoAction) continue;
    const auto digest = event.digests.find(bank);
    if (digest == event.digests.end()) {
      return Refused("LOG_REPLAY",
                     absl::StrCat("the firmware's log has an event for PCR ", event.pcr,
                                  " without a digest for bank ", std::string(ToString(bank))));
    }
    auto value = pcrs.find(event.pcr);
    if (value == pcrs.end()) {
      value = pcrs.emplace(event.pcr, StartOf(event.pcr, bank, log)).first;
    }
    value->second = ExtendedPcrByDigest(bank, value->second, digest->second);
  }
  return pcrs;
}

Status CheckEventData(const FirmwareLog& log) {
  for (size_t i = 0; i < log.events.size(); ++i) {
    const FirmwareEvent& event = log.events[i];
    if (JudgeEvent(event).trust != EventTrust::kMismatch) continue;
    return Refused("EVENT_DIGEST", absl::StrCat("event ", i, " (", EventTypeName(event.type),
                                                ") on ", RegisterName(log.ccel, event.pcr),
                                                ": its data does not have its digest"));
  }
  return absl::OkStatus();
}

Status CheckFirmwareLog(const FirmwareLog& log, PcrBank bank, const PcrValues& pcrs) {
  RETURN_IF_ERROR(CheckEventData(log));
  ASSIGN_OR_RETURN(PcrValues replayed, ReplayFirmwareLog(log, bank));
  const auto replayed_or_start = [&](PcrIndex pcr) {
    const auto value = replayed.find(pcr);
    return value == replayed.end() ? StartOf(pcr, bank, log) : value->second;
  };
  for (PcrIndex pcr : kFirmwarePcrs) {
    ASSIGN_OR_RETURN(const Bytes quoted, Quoted(pcrs, pcr));
    const Bytes expected = replayed_or_start(pcr);
    if (!Equal(quoted, expected)) return Differs(pcr, quoted, expected);
  }
  ASSIGN_OR_RETURN(const Bytes quoted, Quoted(pcrs, kBootPcr));
  return CheckBootPcr(bank, quoted, replayed_or_start(kBootPcr));
}

StatusOr<std::vector<MeasuredEvent>> CheckKedgeLog(std::span<const KedgeLogRecord> records,
                                                   PcrBank bank, const PcrValues& pcrs) {
  std::vector<MeasuredEvent> events;
  for (const KedgeLogRecord& record : records) {
    if (!record.digests.contains(bank)) {
      return Refused("LOG_REPLAY", "a record of \"" + record.event.label +
                                       "\" has no digest for the quoted bank");
    }
    for (const auto& [digest_bank, digest] : record.digests) {
      if (!Equal(digest, DigestInBank(digest_bank, record.event.content))) {
        return Refused("LOG_REPLAY", "the record of \"" + record.event.label +
                                         "\" has a digest that its content does not give");
      }
    }
    events.push_back(record.event);
  }
  if (const Status order = CheckEventOrder(events); !order.ok()) {
    return Refused("LOG_REPLAY", MessageOf(order));
  }
  for (PcrIndex pcr : {kNodePcr, kClusterIdPcr}) {
    ASSIGN_OR_RETURN(const Bytes quoted, Quoted(pcrs, pcr));
    const Bytes expected = ReplayPcr(bank, pcr, events);
    if (!Equal(quoted, expected)) return Differs(pcr, quoted, expected);
  }
  return events;
}

}  // namespace kedge
