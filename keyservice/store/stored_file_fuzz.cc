#include <cstdlib>

#include "keyservice/store/stored_file.h"

// Whatever parses is written back as the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kedge::ByteView file(data, size);
  const auto value = kedge::ParseStoredFile("node/node-1", file);
  if (value.ok() && !kedge::Equal(kedge::EncodeStoredFile("node/node-1", *value), file)) abort();
  return 0;
}
