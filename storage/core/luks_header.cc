#include "storage/core/luks_header.h"

#include <algorithm>

#include "base/lp.h"
#include "crypto/hkdf.h"
#include "crypto/kdf_label.h"
#include "storage/core/header_copies.h"
#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

constexpr std::string_view kHeaderLabel = "kedge/1 luks header";
constexpr std::string_view kMacLabel = "kedge/1 luks header mac";

Status NotAccepted(std::string_view what) {
  return Refused("HEADER_NOT_ACCEPTED", "LUKS2 header: " + std::string(what));
}

bool AllZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

Status CheckDataSize(const HeaderToken& token, uint64_t device_bytes) {
  constexpr uint64_t kSectorsPerBlock = kLuksSectorBytes / kDeviceMapperSectorBytes;
  if (device_bytes < kStateDiskMinBytes) return NotAccepted("the disk is smaller than 32 MiB");
  if (token.data_sectors == 0 || token.data_sectors % kSectorsPerBlock != 0 ||
      token.data_sectors > (device_bytes - kLuksDataOffset) / kDeviceMapperSectorBytes) {
    return NotAccepted("the token's data size does not fit on the disk");
  }
  return Status();
}

// What `copy`, which CheckCopy accepts, says.
StatusOr<HeaderImage> ReadImage(ByteView copy, const Sha256Digest& keyslots) {
  ASSIGN_OR_RETURN(const std::string_view text, JsonText(copy));
  ASSIGN_OR_RETURN(const LuksJson json, ParseLuksJson(text));
  return HeaderImage{
      .token = json.token,
      .canonical = Lp({AsBytes(kHeaderLabel), CommonBinaryHeader(copy, SequenceOf(copy)),
                       AsBytes(json.without_mac), keyslots}),
      .identity = Lp({AsBytes(kHeaderLabel), CommonBinaryHeader(copy, kLuksFormatSequence),
                      AsBytes(json.identity), keyslots})};
}

Status CheckEqual(ByteView primary, ByteView secondary) {
  if (CommonBinaryHeader(primary, 0) != CommonBinaryHeader(secondary, 0)) {
    return NotAccepted("the two copies differ in sequence or UUID");
  }
  if (!Equal(primary.subspan(kLuksBinaryHeaderBytes), secondary.subspan(kLuksBinaryHeaderBytes))) {
    return NotAccepted("the two copies differ in their JSON");
  }
  return Status();
}

struct Copies {
  ByteView primary;
  ByteView secondary;
  HeaderCopies relation = HeaderCopies::kEqual;

  bool PrimaryCounts() const { return relation != HeaderCopies::kPrimaryTorn; }
};

StatusOr<Copies> RelateCopies(ByteView region) {
  Copies out{.primary = region.first(kLuksCopyBytes),
             .secondary = region.subspan(kLuksCopyBytes, kLuksCopyBytes)};
  const Status primary = CheckCopy(out.primary, /*primary=*/true);
  const Status secondary = CheckCopy(out.secondary, /*primary=*/false);
  if (primary.ok() && secondary.ok()) {
    if (SequenceOf(out.primary) == SequenceOf(out.secondary)) {
      RETURN_IF_ERROR(CheckEqual(out.primary, out.secondary));
    } else if (SequenceOf(out.primary) == SequenceOf(out.secondary) + 1) {
      out.relation = HeaderCopies::kPrimaryNewer;
    } else {
      return NotAccepted("the two copies differ in sequence or UUID");
    }
  } else if (primary.ok()) {
    if (!IsTornFrom(out.secondary, /*torn_is_primary=*/false, out.primary)) return secondary;
    out.relation = HeaderCopies::kSecondaryTorn;
  } else if (secondary.ok()) {
    if (!IsTornFrom(out.primary, /*torn_is_primary=*/true, out.secondary)) return primary;
    out.relation = HeaderCopies::kPrimaryTorn;
  } else {
    return primary;
  }
  return out;
}

// `region` with both copies of this text and sequence number; what `copy` has besides stays.
Bytes RegionOf(ByteView region, ByteView copy, std::string_view text, uint64_t sequence) {
  Bytes out = MakeCopy(copy, /*primary=*/true, text, sequence);
  const Bytes secondary = MakeCopy(copy, /*primary=*/false, text, sequence);
  out.insert(out.end(), secondary.begin(), secondary.end());
  const ByteView keyslots = region.subspan(kLuksCopiesBytes);
  out.insert(out.end(), keyslots.begin(), keyslots.end());
  return out;
}

bool MacPasses(const SecretBytes& key, const HeaderImage& image, const DiskBinding& binding) {
  return ConstantTimeEqual(HeaderMac(key, image, binding), image.token.mac);
}

}  // namespace

StatusOr<UnverifiedHeader> ParseHeader(ByteView region, uint64_t device_bytes) {
  if (region.size() != kLuksHeaderRegionBytes) {
    return NotAccepted("expected a header region of 417792 bytes");
  }
  ASSIGN_OR_RETURN(const Copies copies, RelateCopies(region));
  const Sha256Digest keyslots = Sha256(region.subspan(kLuksCopiesBytes));
  const ByteView counts = copies.PrimaryCounts() ? copies.primary : copies.secondary;
  UnverifiedHeader header;
  ASSIGN_OR_RETURN(header.image, ReadImage(counts, keyslots));
  if (copies.relation == HeaderCopies::kPrimaryNewer) {
    ASSIGN_OR_RETURN(header.older, ReadImage(copies.secondary, keyslots));
    if (header.older->identity != header.image.identity ||
        header.older->token.disk_counter >= header.image.token.disk_counter) {
      return NotAccepted("the two copies differ in more than an advance of the counter");
    }
  }
  RETURN_IF_ERROR(CheckDataSize(header.image.token, device_bytes));
  header.uuid = AsText(FieldOf(counts, kLuksUuid).first(36));
  header.sequence = SequenceOf(counts);
  header.copies = copies.relation;
  ASSIGN_OR_RETURN(const std::string_view text, JsonText(counts));
  header.region = copies.relation == HeaderCopies::kEqual
                      ? ToBytes(region)
                      : RegionOf(region, counts, text, header.sequence);
  return header;
}

DiskInspection InspectPrefix(ByteView prefix, uint64_t device_bytes) {
  DiskInspection out;
  if (prefix.size() < kDiskPrefixBytes || device_bytes < kStateDiskMinBytes) {
    out.detail = "the disk has " + std::to_string(device_bytes) + " bytes; expected at least " +
                 std::to_string(kStateDiskMinBytes);
    return out;
  }
  bool blank = AllZero(prefix.first(kLuksCopiesBytes));
  for (const uint64_t offset : kLuksSecondaryOffsets) {
    blank = blank && AllZero(prefix.subspan(offset, kLuksBinaryHeaderBytes));
  }
  if (blank) {
    out.content = DiskContent::kBlank;
    return out;
  }
  const auto header = ParseHeader(prefix.first(kLuksHeaderRegionBytes), device_bytes);
  if (!header.ok()) {
    out.detail = MessageOf(header.status());
    return out;
  }
  out.content = DiskContent::kLuks2;
  out.header_digest = HeaderDigest(*header);
  out.uuid = header->uuid;
  out.disk_counter = header->image.token.disk_counter;
  return out;
}

Sha256Digest HeaderDigest(const UnverifiedHeader& header) { return Sha256(header.image.identity); }

StatusOr<StateDiskKeys> DeriveStateDiskKeys(const SecretBytes& dek) {
  const auto derive = [&dek](std::string_view label) {
    return HkdfSha256(dek, {}, KdfInfo(label), kStateDiskKeyBytes);
  };
  StateDiskKeys keys;
  ASSIGN_OR_RETURN(keys.header_mac, derive("header-mac"));
  ASSIGN_OR_RETURN(keys.keyslot, derive("keyslot"));
  ASSIGN_OR_RETURN(keys.marker, derive("state-marker"));
  ASSIGN_OR_RETURN(keys.extent, derive("state-extent"));
  return keys;
}

Sha256Digest HeaderMac(const SecretBytes& header_mac_key, const HeaderImage& image,
                       const DiskBinding& binding) {
  LpWriter input;
  input.Add(kMacLabel)
      .Add(binding.cluster_id_hex)
      .Add(binding.node)
      .Add(binding.volume)
      .AddU32(binding.dek_generation)
      .AddU64(image.token.disk_counter)
      .Add(image.canonical);
  return HmacSha256(header_mac_key, input.bytes());
}

StatusOr<VerifiedHeader> VerifiedHeader::Verify(UnverifiedHeader header,
                                                const SecretBytes& header_mac_key,
                                                const DiskBinding& binding) {
  const bool passes = MacPasses(header_mac_key, header.image, binding) &&
                      (!header.older || MacPasses(header_mac_key, *header.older, binding));
  if (!passes) {
    return Refused("HEADER_MAC",
                   "the disk's header was not made with this key for node " + binding.node +
                       ", volume " + binding.volume + ", generation " +
                       std::to_string(binding.dek_generation) +
                       ": it was changed, swapped, or belongs to another node; check which disk "
                       "is attached, nothing on it was used or changed");
  }
  return VerifiedHeader(std::move(header));
}

Status CheckDiskCounter(uint64_t shown, const DiskCounters& counters) {
  if (shown == counters.acknowledged || shown == counters.next) return Status();
  return Refused("STALE_DISK",
                 "the disk's header is at counter " + std::to_string(shown) + ", expected " +
                     std::to_string(counters.acknowledged) + " or " +
                     std::to_string(counters.next) +
                     ": another copy of this node's disk; attach the newest one, nothing on it was "
                     "used or changed");
}

void StoreChecksum(Bytes& region, size_t offset) {
  const ByteView copy = ByteView(region).subspan(offset, kLuksCopyBytes);
  const Sha256Digest checksum = ChecksumOfCopy(copy);
  const auto field = std::span(region).subspan(offset + kLuksChecksum.offset, kLuksChecksum.size);
  std::fill(field.begin(), field.end(), uint8_t{0});
  std::copy(checksum.begin(), checksum.end(), field.begin());
}

StatusOr<Bytes> WithToken(ByteView region, uint64_t device_bytes, const HeaderToken& token,
                          uint64_t sequence) {
  ASSIGN_OR_RETURN(const UnverifiedHeader header, ParseHeader(region, device_bytes));
  if (header.copies != HeaderCopies::kEqual) {
    return Internal("a token for header copies that differ");
  }
  const ByteView copy = region.first(kLuksCopyBytes);
  ASSIGN_OR_RETURN(const std::string_view text, JsonText(copy));
  ASSIGN_OR_RETURN(const std::string replaced, ReplaceToken(text, token));
  if (replaced.size() >= kLuksJsonAreaBytes) return Internal("the token does not fit");
  return RegionOf(region, copy, replaced, sequence);
}

StatusOr<Bytes> WithHeaderMac(ByteView region, uint64_t device_bytes,
                              const SecretBytes& header_mac_key, const DiskBinding& binding) {
  ASSIGN_OR_RETURN(const UnverifiedHeader header, ParseHeader(region, device_bytes));
  HeaderToken token = header.image.token;
  token.mac = HeaderMac(header_mac_key, header.image, binding);
  return WithToken(region, device_bytes, token, header.sequence);
}

}  // namespace kedge
