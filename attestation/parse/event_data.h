// What the data of a firmware event says, for people and for policy rules. The data is only as good
// as its digest: attestation/verify/event_digest.h says whether that covers it. Pure, bounded.
#pragma once

#include <string>
#include <vector>

#include "attestation/parse/firmware_log.h"

namespace kedge {

struct EventField {
  std::string name;   // "variable", "path", "partition"
  std::string value;  // printable
};

struct EventDescription {
  std::string summary;             // one line, printable
  std::vector<EventField> fields;  // at most 1,024
};

// Data that does not have the form of its type is shown as text or bytes, never refused: replay and
// digests do not depend on it.
EventDescription DescribeEvent(const FirmwareEvent& event);

// The string that GRUB, shim, systemd-boot or systemd-stub wrote into an EV_IPL event; empty for
// other types.
std::string IplText(const FirmwareEvent& event);

// TCG_PCClientTaggedEvent.
struct TaggedEvent {
  uint32_t id = 0;
  ByteView data;
};
StatusOr<TaggedEvent> ParseTaggedEvent(ByteView bytes);

}  // namespace kedge
