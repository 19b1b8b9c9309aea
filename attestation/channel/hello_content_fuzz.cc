// C2's plaintext: chosen by whoever opened the stream.
#include <cstdlib>

#include "attestation/channel/sealed_content.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kedge::ByteView input(data, size);
  const auto parsed = kedge::ParseHelloContent(input);
  if (!parsed.ok()) return 0;
  // What parses has exactly one encoding.
  const auto encoded = kedge::EncodeHelloContent(*parsed);
  if (!encoded.ok() || !kedge::Equal(*encoded, input)) std::abort();
  return 0;
}
