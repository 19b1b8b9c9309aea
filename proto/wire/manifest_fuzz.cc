#include <cstdlib>

#include "proto/wire/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto manifest = kedge::wire::ParseManifest({data, size});
  // What is accepted is complete: every role has images and a policy.
  if (manifest.ok()) {
    for (const auto& role : manifest->roles()) {
      if (manifest->ImagesFor(role.role).empty()) std::abort();
    }
  }
  return 0;
}
