#include "attestation/parse/nitro_document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto found = kedge::FindCoseMessage({data, size});
  if (!found.ok()) return 0;
  const auto message = kedge::ParseCoseSign1(*found);
  if (!message.ok()) return 0;
  kedge::ToBeSigned(*message);
  kedge::ParseNitroDocument(message->payload).status().IgnoreError();
  return 0;
}
