#include "storage/core/header_advance.h"

#include <algorithm>
#include <limits>

#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

HeaderWrite PrimaryOf(const Bytes& region) {
  return {.offset = 0, .content = ToBytes(ByteView(region).first(kLuksCopyBytes))};
}

HeaderWrite SecondaryOf(const Bytes& region) {
  return {.offset = kLuksCopyBytes,
          .content = ToBytes(ByteView(region).subspan(kLuksCopyBytes, kLuksCopyBytes))};
}

StatusOr<Bytes> AdvancedRegion(const VerifiedHeader& header, uint64_t device_bytes,
                               uint64_t disk_counter, const SecretBytes& header_mac_key,
                               const DiskBinding& binding) {
  if (header.sequence() == std::numeric_limits<uint64_t>::max()) {
    return Internal("the header's sequence number is used up");
  }
  HeaderToken token = header.token();
  token.format = std::max(token.format, kHeaderFormat2);
  token.disk_counter = disk_counter;
  ASSIGN_OR_RETURN(const Bytes unsigned_region,
                   WithToken(header.region(), device_bytes, token, header.sequence() + 1));
  ASSIGN_OR_RETURN(Bytes region,
                   WithHeaderMac(unsigned_region, device_bytes, header_mac_key, binding));
  ASSIGN_OR_RETURN(UnverifiedHeader parsed, ParseHeader(region, device_bytes));
  ASSIGN_OR_RETURN(const VerifiedHeader verified,
                   VerifiedHeader::Verify(std::move(parsed), header_mac_key, binding));
  if (verified.Digest() != header.Digest()) return Internal("an advance changed the header digest");
  return region;
}

}  // namespace

StatusOr<HeaderAdvance> PlanAdvance(const VerifiedHeader& header, uint64_t device_bytes,
                                    uint64_t disk_counter, const SecretBytes& header_mac_key,
                                    const DiskBinding& binding) {
  HeaderAdvance out{.writes = {}, .disk = {header.Digest(), disk_counter}};
  const HeaderCopies copies = header.copies();
  if (copies == HeaderCopies::kPrimaryNewer || copies == HeaderCopies::kSecondaryTorn) {
    out.writes.push_back(SecondaryOf(header.region()));
  }
  const bool current =
      header.token().format != kHeaderFormat1 && header.token().disk_counter == disk_counter;
  if (current) {
    if (copies == HeaderCopies::kPrimaryTorn) out.writes.push_back(PrimaryOf(header.region()));
    return out;
  }
  ASSIGN_OR_RETURN(const Bytes region,
                   AdvancedRegion(header, device_bytes, disk_counter, header_mac_key, binding));
  out.writes.push_back(PrimaryOf(region));
  out.writes.push_back(SecondaryOf(region));
  return out;
}

}  // namespace kedge
