#include "attestation/parse/event_data.h"

// The first four bytes are the event's type.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  kedge::FirmwareEvent event;
  for (int i = 0; i < 4; ++i) event.type |= static_cast<uint32_t>(data[i]) << (8 * i);
  event.data.assign(data + 4, data + size);
  kedge::DescribeEvent(event);
  return 0;
}
