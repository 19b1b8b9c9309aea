#include "bootstrapper/core/smbios.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(kedge::InvitationInOemStrings({data, size}));
  return 0;
}
