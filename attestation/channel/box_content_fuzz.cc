// The plaintext of S2's box: from an attested server, and still bounded.
#include <cstdlib>

#include "attestation/channel/sealed_content.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kedge::ByteView input(data, size);
  const auto parsed = kedge::ParseBoxContent(input);
  if (!parsed.ok()) return 0;
  // What parses has exactly one encoding.
  const auto encoded = kedge::EncodeBoxContent(*parsed);
  const bool same = encoded.ok() && encoded->Reveal([&](kedge::ByteView bytes) {
    return kedge::Equal(bytes, input);
  });
  if (!same) std::abort();
  return 0;
}
