#include "attestation/parse/snp_cert_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kGuidSize = 16;
constexpr size_t kMaxEntries = 32;
using Guid = ByteArray<kGuidSize>;

constexpr Guid kVcek = {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64,
                        0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC, 0xCD};
constexpr Guid kVlek = {0xA8, 0x07, 0x4B, 0xC2, 0xA2, 0x5A, 0x48, 0x3E,
                        0xAA, 0xE6, 0x39, 0xC0, 0x45, 0xA0, 0xB8, 0xA1};
constexpr Guid kAsk = {0x4A, 0xB7, 0xB3, 0x79, 0xBB, 0xAC, 0x4F, 0xE4,
                       0xA0, 0x2F, 0x05, 0xAE, 0xF3, 0x27, 0xC7, 0x82};
constexpr Guid kArk = {0xC0, 0xB4, 0x06, 0xA4, 0xA8, 0x03, 0x49, 0x52,
                       0x97, 0x43, 0x3F, 0xB6, 0x01, 0x4C, 0xD0, 0xAE};
constexpr Guid kCrl = {0x92, 0xF8, 0x1B, 0xC3, 0x58, 0x11, 0x4D, 0x3D,
                       0x97, 0xFF, 0xD1, 0x9F, 0x88, 0xDC, 0x67, 0xEA};

// The first three fields of a GUID the other way round.
Guid Mixed(const Guid& guid) {
  Guid out = guid;
  std::reverse(out.begin(), out.begin() + 4);
  std::reverse(out.begin() + 4, out.begin() + 6);
  std::reverse(out.begin() + 6, out.begin() + 8);
  return out;
}

bool Is(ByteView seen, const Guid& guid) { return Equal(seen, guid) || Equal(seen, Mixed(guid)); }

Status Put(ByteView content, std::string_view name, Bytes& out) {
  if (!out.empty()) {
    return Malformed(absl::StrCat("SNP certificate table: ", std::string(name), " is there twice"));
  }
  out = ToBytes(content);
  return absl::OkStatus();
}

}  // namespace

StatusOr<SnpCertTable> ParseSnpCertTable(ByteView blob) {
  if (blob.size() > kMaxSnpCertTable) {
    return Malformed("SNP certificate table larger than 128 KiB");
  }
  SnpCertTable out;
  Reader reader(blob);
  if (reader.empty()) return out;
  for (size_t entries = 0; entries <= kMaxEntries; ++entries) {
    ASSIGN_OR_RETURN(const ByteView guid, reader.Take(kGuidSize));
    ASSIGN_OR_RETURN(const uint32_t offset, reader.U32Le());
    ASSIGN_OR_RETURN(const uint32_t length, reader.U32Le());
    if (Equal(guid, Guid{})) return out;
    if (length == 0 || offset > blob.size() || length > blob.size() - offset) {
      return Malformed(absl::StrCat("SNP certificate table: entry of ", length, " bytes at offset ",
                                    offset, " is empty or outside the ", blob.size(),
                                    " bytes of the table"));
    }
    const ByteView content = blob.subspan(offset, length);
    if (Is(guid, kVcek)) {
      RETURN_IF_ERROR(Put(content, "VCEK", out.vcek));
    } else if (Is(guid, kVlek)) {
      RETURN_IF_ERROR(Put(content, "VLEK", out.vlek));
    } else if (Is(guid, kAsk)) {
      RETURN_IF_ERROR(Put(content, "ASK", out.ask));
    } else if (Is(guid, kArk)) {
      RETURN_IF_ERROR(Put(content, "ARK", out.ark));
    } else if (Is(guid, kCrl)) {
      out.crls.push_back(ToBytes(content));
    } else {
      ++out.unknown;
    }
  }
  return Malformed(absl::StrCat("SNP certificate table: more than ", kMaxEntries, " entries"));
}

}  // namespace kedge
