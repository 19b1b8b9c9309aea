// A firmware's event log against register values, as rows of a verdict. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/firmware_log.h"
#include "attestation/parse/pcr_values.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/event_digest.h"

namespace kedge {

struct EventLogClaims {
  PcrBankValues replayed;                  // what each bank of the log comes to
  std::vector<EventJudgement> judgements;  // one an event; views into the log
  std::optional<bool> secure_boot;
  std::string boot_phase;  // the systemd-pcrphase word that PCR 11 has reached after the log's end
  bool exit_boot_services = false;
};

// Rows
//   EVENT_DIGEST     every event whose type defines its digest over the data has that digest
//   LOG_REPLAY       each value of `values` is what the log replays to, bank by bank. A PCR from 8
//   up
//                    that the log never mentions may hold anything (the operating system's), and
//                    PCR 11 may have gone on through systemd's boot phases
//   SHA1_BANK        a SHA-1 bank satisfies no policy: fails where there is no other
//   EXIT_BOOT        a warning where a boot loader ran and no event says that it handed over
// `values` empty: LOG_REPLAY is skipped in writing.
EventLogClaims CheckEventLog(const FirmwareLog& log, const PcrBankValues& values,
                             CheckList& checks);

}  // namespace kedge
