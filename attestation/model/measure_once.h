// Classify, log, extend: the one way in which Kedge measures (S22).
#pragma once

#include "attestation/model/event_log.h"
#include "attestation/model/measured_event.h"
#include "attestation/model/tpm.h"
#include "base/status.h"

namespace kedge {

// Makes sure that `event` is measured in every active bank, exactly once in this boot, however
// often it is called and wherever an earlier call was cut off: the record is appended to `log`
// first, and an event that is logged but not yet extended is extended now.
//
// kPristine: extended by this call. kAlreadyMeasured: nothing was extended. Anything else in the
// PCR is FAILED_PRECONDITION with fault PCR_FOREIGN; an event that may not come now (another event
// of the same label, wrong order) is EVENT_ORDER; both need a reboot and change nothing. One caller
// at a time in the whole machine: the initrd's units are ordered so.
StatusOr<PcrClass> MeasureOnce(Tpm& tpm, EventLog& log, const MeasuredEvent& event);

}  // namespace kedge
