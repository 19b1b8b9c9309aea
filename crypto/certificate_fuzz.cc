#include "crypto/certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto certificate = kedge::Certificate::FromPemOrDer({data, size});
  if (certificate.ok()) certificate->VerifyIssuedBy(*certificate).IgnoreError();
  return 0;
}
