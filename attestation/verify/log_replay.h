// Replays the logs that come with evidence, and compares them with quoted PCRs. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/model/measured_event.h"
#include "attestation/parse/firmware_log.h"
#include "attestation/parse/kedge_log.h"
#include "base/status.h"

namespace kedge {

// The words that systemd-pcrphase(8) extends into PCR 11 after the firmware's log has ended, in
// order of a boot and its shutdown.
std::span<const std::string_view> BootPhaseWords();

// The last of those words that leads from PCR 11's value at the end of the firmware's log to
// `value`, "" where it is still the same, nullopt where no sequence of phases leads there.
std::optional<std::string_view> BootPhaseAt(PcrBank bank, ByteView at_handover, ByteView value);

// What a register holds before its first event: zero, the startup locality in PCR 0, and ones in
// the dynamic PCRs 17-22 of a TPM (TPM PC Client Profile 1.05, table 7).
Bytes StartOf(PcrIndex pcr, PcrBank bank, const FirmwareLog& log);

// The PCRs of `bank` after the log's events (EV_NO_ACTION is never extended; PCR 0 starts at the
// startup locality). Only PCRs that the log mentions. Fault LOG_REPLAY where the log has no such
// bank.
StatusOr<PcrValues> ReplayFirmwareLog(const FirmwareLog& log, PcrBank bank);

// OK where the data of every event whose type defines its digest as a hash over that data has that
// digest in every bank: no policy may read text that the digest does not cover. Fault EVENT_DIGEST.
Status CheckEventData(const FirmwareLog& log);

// The log against quoted values: PCRs 0-9, 12 and 13 exactly; PCR 11 with any number of boot phases
// behind the log's end. PCR 10 belongs to the kernel's IMA, 14 and 15 to Kedge's own log.
Status CheckFirmwareLog(const FirmwareLog& log, PcrBank bank, const PcrValues& pcrs);

// Kedge's records: digests fit contents, events in order, and PCRs 14 and 15 are exactly what they
// replay to. The events on success; fault LOG_REPLAY.
StatusOr<std::vector<MeasuredEvent>> CheckKedgeLog(std::span<const KedgeLogRecord> records,
                                                   PcrBank bank, const PcrValues& pcrs);

}  // namespace kedge
