#include "attestation/parse/uefi.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "attestation/parse/device_path.h"
#include "attestation/parse/printable.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxNameChars = 1024;
constexpr size_t kMaxSignatures = 16384;
constexpr size_t kMaxPartitions = 1024;
constexpr size_t kGptHeaderSize = 92;
constexpr size_t kGptEntrySize = 128;

constexpr std::pair<std::string_view, std::string_view> kSignatureTypes[] = {
    {"c1c41626-504c-4092-aca9-41f936934328", "sha256"},
    {"a5c059a1-94e4-4aa7-87b5-ab155c2bf072", "x509"},
    {"3c5766e8-269c-4e34-aa14-ed776e85b3b6", "rsa2048"},
    {"3bd2a492-96c0-4079-b420-fcf98ef103ed", "x509-sha256"}};

std::string SignatureTypeName(ByteView guid) {
  std::string text = GuidText(guid);
  for (const auto& [known, name] : kSignatureTypes) {
    if (known == text) return std::string(name);
  }
  return text;
}

// A UTF-16 string with its NUL, from the reader.
StatusOr<std::string> ReadUtf16(Reader& reader, ByteView whole) {
  const size_t start = reader.position();
  for (;;) {
    ASSIGN_OR_RETURN(const uint16_t unit, reader.U16Le());
    if (unit == 0) break;
  }
  return PrintableUtf16(whole.subspan(start, reader.position() - start));
}

StatusOr<GptPartition> ReadPartition(ByteView entry) {
  Reader reader(entry);
  GptPartition out;
  ASSIGN_OR_RETURN(const ByteView type, reader.Take(kGuidSize));
  ASSIGN_OR_RETURN(const ByteView id, reader.Take(kGuidSize));
  ASSIGN_OR_RETURN(out.first_sector, reader.U64Le());
  ASSIGN_OR_RETURN(out.last_sector, reader.U64Le());
  RETURN_IF_ERROR(reader.Skip(8));  // attributes
  ASSIGN_OR_RETURN(const ByteView name, reader.Take(72));
  out.type = GuidText(type);
  out.id = GuidText(id);
  out.name = PrintableUtf16(name);
  return out;
}

bool IsZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::string GuidText(ByteView guid) {
  // The first three fields are little-endian, the rest is a string of bytes.
  static constexpr std::array<size_t, kGuidSize> kOrder = {3, 2, 1,  0,  5,  4,  7,  6,
                                                           8, 9, 10, 11, 12, 13, 14, 15};
  std::string out;
  if (guid.size() != kGuidSize) return out;
  for (size_t i = 0; i < kGuidSize; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    absl::StrAppend(&out, absl::Hex(guid[kOrder[i]], absl::kZeroPad2));
  }
  return out;
}

StatusOr<UefiVariable> ParseUefiVariable(ByteView bytes) {
  Reader reader(bytes);
  UefiVariable out;
  ASSIGN_OR_RETURN(const ByteView guid, reader.Take(kGuidSize));
  ASSIGN_OR_RETURN(const uint64_t name_chars, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t size, reader.U64Le());
  if (name_chars > kMaxNameChars || size > bytes.size()) {
    return Malformed(absl::StrCat("a variable with a name of ", name_chars, " characters and ",
                                  size, " bytes of data in ", bytes.size(), " bytes"));
  }
  ASSIGN_OR_RETURN(const ByteView name, reader.Take(static_cast<size_t>(name_chars) * 2));
  ASSIGN_OR_RETURN(out.data, reader.Take(static_cast<size_t>(size)));
  out.guid = GuidText(guid);
  out.name = PrintableUtf16(name);
  out.trailing = reader.remaining();
  return out;
}

StatusOr<std::vector<UefiSignature>> ParseSignatureLists(ByteView bytes) {
  constexpr size_t kListHeader = kGuidSize + 12;
  Reader reader(bytes);
  std::vector<UefiSignature> out;
  while (!reader.empty()) {
    ASSIGN_OR_RETURN(const ByteView type, reader.Take(kGuidSize));
    ASSIGN_OR_RETURN(const uint32_t list_size, reader.U32Le());
    ASSIGN_OR_RETURN(const uint32_t header_size, reader.U32Le());
    ASSIGN_OR_RETURN(const uint32_t entry_size, reader.U32Le());
    if (list_size < kListHeader || header_size > list_size - kListHeader ||
        entry_size <= kGuidSize) {
      return Malformed("a signature list with sizes that do not fit each other");
    }
    ASSIGN_OR_RETURN(ByteView entries, reader.Take(list_size - kListHeader));
    entries = entries.subspan(header_size);
    if (entries.size() % entry_size != 0) return Malformed("a signature list with a part entry");
    if (entries.size() / entry_size > kMaxSignatures - out.size()) {
      return Malformed("more than 16384 signatures in one variable");
    }
    const std::string type_name = SignatureTypeName(type);
    for (; !entries.empty(); entries = entries.subspan(entry_size)) {
      out.push_back({type_name, GuidText(entries.first(kGuidSize)),
                     entries.subspan(kGuidSize, entry_size - kGuidSize)});
    }
  }
  return out;
}

StatusOr<UefiSignature> ParseSignatureData(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView owner, reader.Take(kGuidSize));
  ASSIGN_OR_RETURN(const ByteView data, reader.Take(reader.remaining()));
  // DER of a certificate: a SEQUENCE with a two-byte length.
  if (data.size() < 4 || data[0] != 0x30 || data[1] != 0x82) {
    return Malformed("signature data without a certificate");
  }
  return UefiSignature{"x509", GuidText(owner), data};
}

StatusOr<UefiLoadOption> ParseLoadOption(ByteView bytes) {
  constexpr uint32_t kActive = 1;
  Reader reader(bytes);
  UefiLoadOption out;
  ASSIGN_OR_RETURN(const uint32_t attributes, reader.U32Le());
  ASSIGN_OR_RETURN(const uint16_t path_size, reader.U16Le());
  ASSIGN_OR_RETURN(out.description, ReadUtf16(reader, bytes));
  ASSIGN_OR_RETURN(const ByteView path, reader.Take(path_size));
  ASSIGN_OR_RETURN(out.path, DevicePathText(path));
  ASSIGN_OR_RETURN(out.optional_data, reader.Take(reader.remaining()));
  out.active = (attributes & kActive) != 0;
  return out;
}

StatusOr<UefiImageLoad> ParseImageLoad(ByteView bytes) {
  Reader reader(bytes);
  UefiImageLoad out;
  ASSIGN_OR_RETURN(out.address, reader.U64Le());
  ASSIGN_OR_RETURN(out.length, reader.U64Le());
  RETURN_IF_ERROR(reader.Skip(8));  // link-time address
  ASSIGN_OR_RETURN(const uint64_t path_size, reader.U64Le());
  if (path_size > reader.remaining()) return Malformed("a device path longer than its event");
  ASSIGN_OR_RETURN(const ByteView path, reader.Take(static_cast<size_t>(path_size)));
  ASSIGN_OR_RETURN(out.path, DevicePathText(path));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

StatusOr<GptTable> ParseGptEvent(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView header, reader.Take(kGptHeaderSize));
  if (AsText(header.first(8)) != "EFI PART") return Malformed("no GPT header in a GPT event");
  Reader fields(header);
  RETURN_IF_ERROR(fields.Skip(56));
  ASSIGN_OR_RETURN(const ByteView disk, fields.Take(kGuidSize));
  RETURN_IF_ERROR(fields.Skip(12));  // entries' sector, their count
  ASSIGN_OR_RETURN(const uint32_t entry_size, fields.U32Le());
  ASSIGN_OR_RETURN(const uint64_t count, reader.U64Le());
  if (entry_size < kGptEntrySize || entry_size > 4096 || count > kMaxPartitions) {
    return Malformed(absl::StrCat(count, " partitions of ", entry_size, " bytes in a GPT event"));
  }
  GptTable out;
  out.disk = GuidText(disk);
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const ByteView entry, reader.Take(entry_size));
    if (IsZero(entry.first(kGuidSize))) continue;
    ASSIGN_OR_RETURN(GptPartition partition, ReadPartition(entry.first(kGptEntrySize)));
    out.partitions.push_back(std::move(partition));
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

}  // namespace kedge
