// Any bytes on a disk: refused or accepted, never a crash; what is accepted can be stamped,
// advanced and accepted again with the same digest.
#include <cstdint>
#include <cstdlib>

#include "storage/core/header_advance.h"
#include "storage/core/testing/header_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kedge;  // NOLINT
  const Bytes region = kedge::testing::RegionOfFuzzInput({data, size});
  const auto header = ParseHeader(region, kedge::testing::kDiskBytes);
  if (!header.ok()) {
    if (FaultCode(header.status()) != "HEADER_NOT_ACCEPTED") std::abort();
    return 0;
  }
  // The region that is handed on is settled, and means the same.
  const auto settled = ParseHeader(header->region, kedge::testing::kDiskBytes);
  if (!settled.ok() || settled->copies != HeaderCopies::kEqual ||
      settled->image.canonical != header->image.canonical) {
    std::abort();
  }
  static const SecretBytes* const key = new SecretBytes(SecretBytes::CopyOf(Bytes(32, 7)).value());
  static const DiskBinding* const binding =
      new DiskBinding{.cluster_id_hex = "", .node = "node-1", .volume = "state"};
  const auto stamped = WithHeaderMac(header->region, kedge::testing::kDiskBytes, *key, *binding);
  if (!stamped.ok()) std::abort();
  auto again = ParseHeader(*stamped, kedge::testing::kDiskBytes);
  if (!again.ok() || HeaderDigest(*again) != HeaderDigest(*header)) std::abort();
  if (again->sequence == UINT64_MAX) return 0;
  const auto verified = VerifiedHeader::Verify(*std::move(again), *key, *binding);
  if (!verified.ok()) std::abort();
  const auto advance = PlanAdvance(*verified, kedge::testing::kDiskBytes, 1234567, *key, *binding);
  if (!advance.ok() || advance->disk.header_digest != HeaderDigest(*header)) std::abort();
  return 0;
}
