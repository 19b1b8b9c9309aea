// Whether the data of a firmware event is what its digest covers. A log is not signed: replay only
// protects digests, so text that no digest covers is the sender's word. Pure.
#pragma once

#include <string_view>

#include "attestation/parse/firmware_log.h"

namespace kedge {

enum class EventTrust {
  kVerified,    // every bank's digest is a hash over `covered`
  kUnverified,  // the type's digest covers something that is not in the log (an image, a file), or
                // in a way that firmware does not agree on: no policy rule reads the text
  kMismatch     // the type defines its digest over the data, and it is not
};
std::string_view ToString(EventTrust trust);  // "verified", "unverified", "mismatch"

struct EventJudgement {
  EventTrust trust = EventTrust::kUnverified;
  // The part of the event's data that the digests cover; a view into the event.
  ByteView covered;
};
// Types of Firmware Profile 10.4.1 whose data must hash to the digest: EV_SEPARATOR, EV_EFI_ACTION,
// EV_EFI_VARIABLE_DRIVER_CONFIG, EV_S_CRTM_VERSION, EV_EFI_GPT_EVENT, EV_NONHOST_INFO and the boot
// variables (which may be hashed without their name). For other types the known conventions of
// firmware, shim, GRUB, Linux and systemd are tried; one that fits in every bank is `kVerified`.
EventJudgement JudgeEvent(const FirmwareEvent& event);

}  // namespace kedge
