// Any bytes on a disk: refused or accepted, never a crash; what is accepted can be stamped and
// accepted again with the same digest.
#include <cstdint>
#include <cstdlib>

#include "storage/core/luks_header.h"
#include "storage/core/testing/header_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kedge;  // NOLINT
  const Bytes region = kedge::testing::RegionOfFuzzInput({data, size});
  const auto header = ParseHeader(region, kedge::testing::kDiskBytes);
  if (!header.ok()) {
    if (FaultCode(header.status()) != "HEADER_NOT_ACCEPTED") std::abort();
    return 0;
  }
  const auto stamped = WithHeaderMac(region, kedge::testing::kDiskBytes, Sha256Digest{0x77});
  if (!stamped.ok()) std::abort();
  const auto again = ParseHeader(*stamped, kedge::testing::kDiskBytes);
  if (!again.ok() || HeaderDigest(*again) != HeaderDigest(*header) || again->token.mac[0] != 0x77) {
    std::abort();
  }
  return 0;
}
