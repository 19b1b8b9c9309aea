#include "storage/core/luks_header.h"

#include <algorithm>
#include <cstring>

#include "base/lp.h"
#include "base/reader.h"
#include "crypto/hkdf.h"
#include "crypto/kdf_label.h"
#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

constexpr std::string_view kHeaderLabel = "kedge/1 luks header";
constexpr std::string_view kMacLabel = "kedge/1 luks header mac";

Status NotAccepted(std::string_view what) {
  return Refused("HEADER_NOT_ACCEPTED", "LUKS2 header: " + std::string(what));
}

ByteView FieldOf(ByteView header, LuksField field) {
  return header.subspan(field.offset, field.size);
}

bool AllZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

uint64_t BigEndian(ByteView field) {
  uint64_t value = 0;
  for (const uint8_t byte : field) value = (value << 8) | byte;
  return value;
}

// A text field holds exactly `text`, then NUL bytes.
bool HoldsText(ByteView field, std::string_view text) {
  return AsText(field.first(text.size())) == text && AllZero(field.subspan(text.size()));
}

// libuuid's form: 36 lower-case characters, then NUL bytes.
bool IsUuidField(ByteView field) {
  constexpr size_t kUuidCharacters = 36;
  for (size_t i = 0; i < kUuidCharacters; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = static_cast<char>(field[i]);
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return AllZero(field.subspan(kUuidCharacters));
}

Sha256Digest ChecksumOf(ByteView copy) {
  const Bytes zeros(kLuksChecksum.size, 0);
  return Sha256({copy.first(kLuksChecksum.offset), zeros,
                 copy.subspan(kLuksChecksum.offset + kLuksChecksum.size)});
}

// Checks one 16,384-byte copy on its own, without its JSON text.
Status CheckCopy(ByteView copy, bool primary) {
  const std::string name = primary ? "primary copy: " : "secondary copy: ";
  const auto& magic = primary ? kLuksPrimaryMagic : kLuksSecondaryMagic;
  if (!Equal(FieldOf(copy, kLuksMagic), magic)) return NotAccepted(name + "no LUKS magic");
  if (BigEndian(FieldOf(copy, kLuksVersion)) != 2) return NotAccepted(name + "version is not 2");
  if (BigEndian(FieldOf(copy, kLuksHeaderSize)) != kLuksCopyBytes) {
    return NotAccepted(name + "size of header and JSON area is not 16384");
  }
  if (BigEndian(FieldOf(copy, kLuksSequence)) == 0) return NotAccepted(name + "sequence is 0");
  if (!AllZero(FieldOf(copy, kLuksLabel))) return NotAccepted(name + "has a label");
  if (!HoldsText(FieldOf(copy, kLuksChecksumAlgorithm), "sha256")) {
    return NotAccepted(name + "checksum algorithm is not sha256");
  }
  if (!IsUuidField(FieldOf(copy, kLuksUuid))) return NotAccepted(name + "UUID is malformed");
  if (!AllZero(FieldOf(copy, kLuksSubsystem))) return NotAccepted(name + "has a subsystem");
  if (BigEndian(FieldOf(copy, kLuksHeaderOffset)) != (primary ? 0 : kLuksCopyBytes)) {
    return NotAccepted(name + "names another offset than its own");
  }
  if (!AllZero(FieldOf(copy, kLuksPadding)) || !AllZero(FieldOf(copy, kLuksPadding4096))) {
    return NotAccepted(name + "padding is not zero");
  }
  const ByteView checksum = FieldOf(copy, kLuksChecksum);
  const Sha256Digest expected = ChecksumOf(copy);
  if (!Equal(checksum.first(expected.size()), expected) ||
      !AllZero(checksum.subspan(expected.size()))) {
    return NotAccepted(name + "checksum is wrong");
  }
  return Status();
}

// The part of a binary header that both copies share and that means something.
Bytes CommonBinaryHeader(ByteView copy) {
  Bytes header = ToBytes(copy.first(kLuksBinaryHeaderBytes));
  for (const LuksField field : {kLuksMagic, kLuksSalt, kLuksHeaderOffset, kLuksChecksum}) {
    std::fill_n(header.begin() + static_cast<ptrdiff_t>(field.offset), field.size, uint8_t{0});
  }
  return header;
}

// The JSON text before its padding; padding other than NUL is refused.
StatusOr<std::string_view> JsonText(ByteView copy) {
  const ByteView area = copy.subspan(kLuksBinaryHeaderBytes, kLuksJsonAreaBytes);
  const auto end = std::find(area.begin(), area.end(), uint8_t{0});
  const auto length = static_cast<size_t>(end - area.begin());
  if (length == area.size()) return NotAccepted("JSON text does not end inside its area");
  if (!AllZero(area.subspan(length))) return NotAccepted("bytes follow the JSON text");
  return AsText(area.first(length));
}

}  // namespace

StatusOr<UnverifiedHeader> ParseHeader(ByteView region, uint64_t device_bytes) {
  if (region.size() != kLuksHeaderRegionBytes) {
    return NotAccepted("expected a header region of 417792 bytes");
  }
  const ByteView primary = region.first(kLuksCopyBytes);
  const ByteView secondary = region.subspan(kLuksCopyBytes, kLuksCopyBytes);
  RETURN_IF_ERROR(CheckCopy(primary, /*primary=*/true));
  RETURN_IF_ERROR(CheckCopy(secondary, /*primary=*/false));
  const Bytes common = CommonBinaryHeader(primary);
  if (common != CommonBinaryHeader(secondary)) {
    return NotAccepted("the two copies differ in sequence or UUID");
  }
  if (!Equal(primary.subspan(kLuksBinaryHeaderBytes), secondary.subspan(kLuksBinaryHeaderBytes))) {
    return NotAccepted("the two copies differ in their JSON");
  }
  ASSIGN_OR_RETURN(const std::string_view text, JsonText(primary));
  ASSIGN_OR_RETURN(const LuksJson json, ParseLuksJson(text));

  constexpr uint64_t kSectorsPerBlock = kLuksSectorBytes / kDeviceMapperSectorBytes;
  const uint64_t data_sectors = json.token.data_sectors;
  if (device_bytes < kStateDiskMinBytes) return NotAccepted("the disk is smaller than 32 MiB");
  if (data_sectors == 0 || data_sectors % kSectorsPerBlock != 0 ||
      data_sectors > (device_bytes - kLuksDataOffset) / kDeviceMapperSectorBytes) {
    return NotAccepted("the token's data size does not fit on the disk");
  }

  UnverifiedHeader header;
  header.uuid = AsText(FieldOf(primary, kLuksUuid).first(36));
  header.sequence = BigEndian(FieldOf(primary, kLuksSequence));
  header.token = json.token;
  header.canonical = Lp({AsBytes(kHeaderLabel), common, AsBytes(json.without_mac),
                         Sha256(region.subspan(kLuksCopiesBytes))});
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
  return out;
}

Sha256Digest HeaderDigest(const UnverifiedHeader& header) { return Sha256(header.canonical); }

StatusOr<StateDiskKeys> DeriveStateDiskKeys(const SecretBytes& dek) {
  const auto derive = [&dek](std::string_view label) {
    return HkdfSha256(dek, {}, KdfInfo(label), 32);
  };
  StateDiskKeys keys;
  ASSIGN_OR_RETURN(keys.header_mac, derive("header-mac"));
  ASSIGN_OR_RETURN(keys.keyslot, derive("keyslot"));
  ASSIGN_OR_RETURN(keys.marker, derive("state-marker"));
  return keys;
}

Sha256Digest HeaderMac(const SecretBytes& header_mac_key, const UnverifiedHeader& header,
                       const DiskBinding& binding) {
  LpWriter input;
  input.Add(kMacLabel)
      .Add(binding.cluster_id_hex)
      .Add(binding.node)
      .Add(binding.volume)
      .AddU32(binding.dek_generation)
      .AddU64(header.token.disk_counter)
      .Add(header.canonical);
  return HmacSha256(header_mac_key, input.bytes());
}

StatusOr<VerifiedHeader> VerifiedHeader::Verify(UnverifiedHeader header,
                                                const SecretBytes& header_mac_key,
                                                const DiskBinding& binding) {
  if (!ConstantTimeEqual(HeaderMac(header_mac_key, header, binding), header.token.mac)) {
    return Refused("HEADER_MAC",
                   "the disk's header was not made with this key for node " + binding.node +
                       ", volume " + binding.volume + ", generation " +
                       std::to_string(binding.dek_generation) +
                       ": it was changed, swapped, or belongs to another node; check which disk "
                       "is attached, nothing on it was used or changed");
  }
  return VerifiedHeader(std::move(header));
}

void StoreChecksum(Bytes& region, size_t offset) {
  const Sha256Digest checksum = ChecksumOf(ByteView(region).subspan(offset, kLuksCopyBytes));
  const auto field = std::span(region).subspan(offset + kLuksChecksum.offset, kLuksChecksum.size);
  std::fill(field.begin(), field.end(), uint8_t{0});
  std::copy(checksum.begin(), checksum.end(), field.begin());
}

StatusOr<Bytes> WithHeaderMac(ByteView region, uint64_t device_bytes, const Sha256Digest& mac) {
  RETURN_IF_ERROR(ParseHeader(region, device_bytes).status());
  ASSIGN_OR_RETURN(const std::string_view text, JsonText(region.first(kLuksCopyBytes)));
  ASSIGN_OR_RETURN(const std::string stamped, ReplaceTokenMac(text, mac));
  Bytes out = ToBytes(region);
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    // The MAC has a fixed width, so the new text covers the old exactly.
    std::copy(stamped.begin(), stamped.end(),
              out.begin() + static_cast<ptrdiff_t>(copy + kLuksBinaryHeaderBytes));
    StoreChecksum(out, copy);
  }
  return out;
}

}  // namespace kedge
