#include <cstdlib>

#include "attestation/parse/evidence.h"

// There is one wire form of each evidence: what parses is what is encoded.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto evidence = kedge::ParseEvidence({data, size});
  if (evidence.ok() && !kedge::Equal(kedge::EncodeEvidence(*evidence), {data, size})) std::abort();
  return 0;
}
