#include "keyservice/server/request_wire.h"

// The first byte chooses the reader.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kedge::keyservice;
  if (size == 0) return 0;
  const kedge::ByteView bytes(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      (void)ParseRequest(bytes);
      break;
    case 1:
      (void)ParseReleasePayload(bytes);
      break;
    case 2:
      (void)ParseReportPayload(bytes);
      break;
    case 3:
      (void)ParseInitPayload(bytes);
      break;
    case 4:
      (void)ParseRecoverPayload(bytes);
      break;
    case 5:
      (void)ParseSetManifestPayload(bytes);
      break;
    default:
      (void)ParseVerifyPayload(bytes);
      break;
  }
  return 0;
}
