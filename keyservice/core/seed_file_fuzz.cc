#include "keyservice/core/seed_file.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kedge::kMaxSeedFile) return 0;
  const auto file = kedge::SecretBytes::CopyOf({data, size});
  const auto seed = kedge::ParseSeedFile(*file);
  // Either the bytes themselves, or half as many as there were digits.
  if (seed.ok() && !seed->EqualsConstantTime(*file) && seed->size() > size / 2) std::abort();
  return 0;
}
