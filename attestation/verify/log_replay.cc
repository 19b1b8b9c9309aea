#include "attestation/verify/log_replay.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <optional>

#include "base/reader.h"

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

Bytes StartOf(PcrIndex pcr, PcrBank bank, const FirmwareLog& log) {
  if (pcr >= 17 && pcr <= 22) return Bytes(DigestSize(bank), 0xFF);
  Bytes value = ZeroPcr(bank);
  if (pcr == 0) value.back() = log.startup_locality;
  return value;
}

// The variable data inside a UEFI_VARIABLE_DATA, which some firmware hashes alone.
std::optional<ByteView> VariableData(ByteView data) {
  Reader reader(data);
  if (!reader.Skip(16).ok()) return std::nullopt;
  const StatusOr<uint64_t> name_chars = reader.U64Le();
  if (!name_chars.ok()) return std::nullopt;
  const StatusOr<uint64_t> size = reader.U64Le();
  if (!size.ok() || *name_chars > data.size() || *size > data.size()) return std::nullopt;
  if (!reader.Skip(static_cast<size_t>(*name_chars) * 2).ok()) return std::nullopt;
  const StatusOr<ByteView> value = reader.Take(static_cast<size_t>(*size));
  if (!value.ok()) return std::nullopt;
  return *value;
}

bool DigestCoversData(uint32_t type) {
  return type == kEvSeparator || type == kEvEfiAction || type == kEvEfiVariableDriverConfig ||
         type == kEvSCrtmVersion || type == kEvEfiGptEvent || type == kEvNonhostInfo ||
         type == kEvEfiVariableBoot || type == kEvEfiVariableBoot2;
}

bool MayCoverVariableAlone(uint32_t type) {
  return type == kEvEfiVariableBoot || type == kEvEfiVariableBoot2;
}

bool DigestFits(const FirmwareEvent& event, PcrBank bank, ByteView digest) {
  if (Equal(DigestInBank(bank, event.data), digest)) return true;
  if (!MayCoverVariableAlone(event.type)) return false;
  const std::optional<ByteView> variable = VariableData(event.data);
  return variable && Equal(DigestInBank(bank, *variable), digest);
}

Status CheckBootPcr(PcrBank bank, ByteView quoted, Bytes value) {
  const Bytes at_handover = value;
  if (Equal(value, quoted)) return absl::OkStatus();
  for (std::string_view phase : kPhases) {
    value = ExtendedPcr(bank, value, AsBytes(phase));
    if (Equal(value, quoted)) return absl::OkStatus();
  }
  return Annotate(Differs(kBootPcr, quoted, at_handover), "with no sequence of boot phases");
}

}  // namespace

std::span<const std::string_view> BootPhaseWords() { return kPhases; }

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
    if (!DigestCoversData(event.type)) continue;
    for (const auto& [bank, digest] : event.digests) {
      if (DigestFits(event, bank, digest)) continue;
      return Refused("EVENT_DIGEST",
                     absl::StrCat("event ", i, " of type ", absl::Hex(event.type), " on PCR ",
                                  event.pcr, ": its data does not have its digest"));
    }
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
