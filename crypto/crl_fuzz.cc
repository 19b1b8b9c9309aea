#include "crypto/crl.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto crl = kedge::Crl::FromPemOrDer({data, size});
  if (crl.ok()) {
    (void)crl->RevokedAt(kedge::Bytes{1});
    crl->CheckWindow(absl::FromUnixSeconds(1'750'000'000)).IgnoreError();
  }
  return 0;
}
