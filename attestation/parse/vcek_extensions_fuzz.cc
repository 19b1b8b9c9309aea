#include "attestation/parse/vcek_extensions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto certificate = kedge::Certificate::FromDer({data, size});
  if (certificate.ok()) kedge::ParseVcekExtensions(*certificate).status().IgnoreError();
  return 0;
}
