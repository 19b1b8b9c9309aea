#include "attestation/parse/nitro_document.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/parse/cbor_reader.h"
#include "attestation/parse/printable.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxFile = 64 * 1024;
constexpr uint8_t kCoseSign1Tag = 0xD2;  // tag 18
constexpr uint64_t kAlgorithmLabel = 1;
constexpr size_t kMaxCertificate = 1024;
constexpr size_t kMaxCertificates = 16;
constexpr size_t kMaxPcrs = 32;
constexpr size_t kMaxUserData = 4096;
constexpr size_t kMaxMembers = 32;
constexpr int kMaxDepth = 8;

// Calls `each` for every entry of the map that the reader stands in front of.
template <typename Each>
Status ForEachEntry(CborReader& reader, size_t max, Each each) {
  ASSIGN_OR_RETURN(const CborItem map, reader.Expect(CborKind::kMap));
  if (!map.indefinite && map.value > max) return Malformed("a CBOR map with too many entries");
  for (uint64_t i = 0; map.indefinite || i < map.value; ++i) {
    if (i > max) return Malformed("a CBOR map with too many entries");
    ASSIGN_OR_RETURN(const CborItem key, reader.Next());
    if (map.indefinite && key.kind == CborKind::kBreak) return absl::OkStatus();
    RETURN_IF_ERROR(each(key));
  }
  return absl::OkStatus();
}

StatusOr<int64_t> ReadAlgorithm(ByteView header) {
  CborReader reader(header);
  std::optional<int64_t> algorithm;
  RETURN_IF_ERROR(ForEachEntry(reader, 1, [&](const CborItem& key) -> Status {
    // Nothing else is protected: another label could be one that must be understood.
    if (key.kind != CborKind::kUnsigned || key.value != kAlgorithmLabel) {
      return Malformed("the protected header holds more than the algorithm");
    }
    ASSIGN_OR_RETURN(const CborItem value, reader.Next());
    if (value.kind != CborKind::kNegative || value.value > 65535) {
      return Malformed("the algorithm is not a small negative number");
    }
    algorithm = -1 - static_cast<int64_t>(value.value);
    return absl::OkStatus();
  }));
  RETURN_IF_ERROR(reader.ExpectEnd());
  if (!algorithm) return Malformed("the protected header names no algorithm");
  return *algorithm;
}

StatusOr<ByteView> ReadBytes(CborReader& reader, size_t min, size_t max) {
  ASSIGN_OR_RETURN(const CborItem item, reader.Expect(CborKind::kBytes));
  if (item.bytes.size() < min || item.bytes.size() > max) {
    return Malformed(absl::StrCat("a byte string of ", item.bytes.size(), " bytes, expected ", min,
                                  " to ", max));
  }
  return item.bytes;
}

StatusOr<std::optional<ByteView>> ReadOptionalBytes(CborReader& reader) {
  ASSIGN_OR_RETURN(const CborItem item, reader.Next());
  if (item.kind == CborKind::kNull) return std::optional<ByteView>();
  if (item.kind != CborKind::kBytes || item.bytes.size() > kMaxUserData) {
    return Malformed("an optional field is neither null nor at most 4,096 bytes");
  }
  return std::optional<ByteView>(item.bytes);
}

Status ReadPcrs(CborReader& reader, PcrValues& out) {
  return ForEachEntry(reader, kMaxPcrs, [&](const CborItem& key) -> Status {
    if (key.kind != CborKind::kUnsigned || key.value >= kMaxPcrs) {
      return Malformed("a PCR index is not a number from 0 to 31");
    }
    ASSIGN_OR_RETURN(const ByteView value, ReadBytes(reader, 32, 64));
    if (!out.emplace(static_cast<PcrIndex>(key.value), ToBytes(value)).second) {
      return Malformed("a PCR is stated twice");
    }
    return absl::OkStatus();
  });
}

Status ReadBundle(CborReader& reader, std::vector<ByteView>& out) {
  ASSIGN_OR_RETURN(const CborItem array, reader.Expect(CborKind::kArray));
  if (array.indefinite || array.value > kMaxCertificates) {
    return Malformed("a certificate bundle of more than 16 certificates");
  }
  for (uint64_t i = 0; i < array.value; ++i) {
    ASSIGN_OR_RETURN(out.emplace_back(), ReadBytes(reader, 1, kMaxCertificate));
  }
  return absl::OkStatus();
}

StatusOr<std::string> ReadText(CborReader& reader) {
  ASSIGN_OR_RETURN(const CborItem item, reader.Expect(CborKind::kText));
  if (item.bytes.size() > 256) return Malformed("a text of more than 256 bytes");
  return PrintableAscii(item.bytes);
}

Status ReadMember(std::string_view name, CborReader& reader, NitroDocument& out) {
  if (name == "module_id") {
    ASSIGN_OR_RETURN(out.module_id, ReadText(reader));
  } else if (name == "digest") {
    ASSIGN_OR_RETURN(out.digest, ReadText(reader));
  } else if (name == "timestamp") {
    ASSIGN_OR_RETURN(const CborItem item, reader.Expect(CborKind::kUnsigned));
    out.timestamp_ms = item.value;
  } else if (name == "pcrs" || name == "nitrotpm_pcrs") {
    if (!out.pcrs.empty()) return Malformed("two sets of PCRs");
    out.nitro_tpm = name == "nitrotpm_pcrs";
    RETURN_IF_ERROR(ReadPcrs(reader, out.pcrs));
  } else if (name == "certificate") {
    ASSIGN_OR_RETURN(out.certificate, ReadBytes(reader, 1, kMaxCertificate));
  } else if (name == "cabundle") {
    RETURN_IF_ERROR(ReadBundle(reader, out.cabundle));
  } else if (name == "public_key") {
    ASSIGN_OR_RETURN(out.public_key, ReadOptionalBytes(reader));
  } else if (name == "user_data") {
    ASSIGN_OR_RETURN(out.user_data, ReadOptionalBytes(reader));
  } else if (name == "nonce") {
    ASSIGN_OR_RETURN(out.nonce, ReadOptionalBytes(reader));
  } else {
    out.other_members.push_back(PrintableAscii(AsBytes(name)));
    RETURN_IF_ERROR(reader.SkipItem(kMaxDepth));
  }
  return absl::OkStatus();
}

// SCALE's compact integer in its first three modes; collections here are never larger.
StatusOr<size_t> ReadCompact(Reader& reader) {
  ASSIGN_OR_RETURN(const uint8_t first, reader.U8());
  const int mode = first & 3;
  if (mode == 3) return Malformed("a length beyond 2^30");
  size_t value = first;
  for (int i = 1; i < (1 << mode); ++i) {
    ASSIGN_OR_RETURN(const uint8_t next, reader.U8());
    value |= size_t{next} << (8 * i);
  }
  return value >> 2;
}

StatusOr<ByteView> ReadScaleBytes(Reader& reader) {
  ASSIGN_OR_RETURN(const size_t size, ReadCompact(reader));
  return reader.Take(size);
}

StatusOr<ByteView> UnwrapScale(ByteView file) {
  constexpr size_t kMaxEvents = 1024;
  Reader reader(file);
  ASSIGN_OR_RETURN(const uint8_t version, reader.U8());
  if (version != 0) return Malformed("neither a COSE_Sign1 message nor an attestation around one");
  RETURN_IF_ERROR(reader.Skip(1));  // kind
  ASSIGN_OR_RETURN(const ByteView message, ReadScaleBytes(reader));
  ASSIGN_OR_RETURN(const size_t events, ReadCompact(reader));
  if (events > kMaxEvents) return Malformed("more than 1,024 events around a COSE_Sign1 message");
  for (size_t i = 0; i < events; ++i) {
    RETURN_IF_ERROR(ReadScaleBytes(reader).status());  // name
    RETURN_IF_ERROR(ReadScaleBytes(reader).status());  // payload
  }
  RETURN_IF_ERROR(reader.Skip(64));                  // report data
  RETURN_IF_ERROR(ReadScaleBytes(reader).status());  // configuration
  RETURN_IF_ERROR(reader.ExpectEnd());
  return message;
}

}  // namespace

StatusOr<CoseSign1> ParseCoseSign1(ByteView bytes) {
  if (bytes.size() > kMaxFile) return Malformed("a COSE message of more than 64 KiB");
  // libcbor knows only the tags of RFC 7049; this one has one form of one byte.
  if (!bytes.empty() && bytes[0] == kCoseSign1Tag) bytes = bytes.subspan(1);
  CborReader reader(bytes);
  ASSIGN_OR_RETURN(const CborItem item, reader.Next());
  if (item.kind != CborKind::kArray || item.indefinite || item.value != 4) {
    return Malformed("not a COSE_Sign1: expected an array of four items");
  }
  CoseSign1 out;
  ASSIGN_OR_RETURN(out.protected_header, ReadBytes(reader, 1, 64));
  ASSIGN_OR_RETURN(out.algorithm, ReadAlgorithm(out.protected_header));
  RETURN_IF_ERROR(ForEachEntry(
      reader, 0, [](const CborItem&) { return Malformed("the unprotected header is not empty"); }));
  ASSIGN_OR_RETURN(out.payload, ReadBytes(reader, 1, kMaxFile));
  ASSIGN_OR_RETURN(out.signature, ReadBytes(reader, 1, 512));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

Bytes ToBeSigned(const CoseSign1& message) {
  Bytes out = {0x84, 0x6A};  // array of four, text of ten bytes
  const auto append = [&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  append(AsBytes("Signature1"));
  append(EncodeCborBytes(message.protected_header));
  append(EncodeCborBytes({}));
  append(EncodeCborBytes(message.payload));
  return out;
}

StatusOr<NitroDocument> ParseNitroDocument(ByteView payload) {
  CborReader reader(payload);
  NitroDocument out;
  std::vector<std::string> seen;
  RETURN_IF_ERROR(ForEachEntry(reader, kMaxMembers, [&](const CborItem& key) -> Status {
    if (key.kind != CborKind::kText) return Malformed("a member's name is not text");
    std::string name(AsText(key.bytes));
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return Malformed("a member is stated twice");
    }
    seen.push_back(name);
    return Annotate(ReadMember(name, reader, out), PrintableAscii(key.bytes));
  }));
  RETURN_IF_ERROR(reader.ExpectEnd());
  for (const char* needed : {"module_id", "digest", "timestamp", "certificate", "cabundle"}) {
    if (std::find(seen.begin(), seen.end(), needed) == seen.end()) {
      return Malformed(absl::StrCat("the document has no ", needed));
    }
  }
  if (out.pcrs.empty()) return Malformed("the document has no PCRs");
  const size_t size = out.digest == "SHA256"   ? 32
                      : out.digest == "SHA384" ? 48
                      : out.digest == "SHA512" ? 64
                                               : 0;
  for (const auto& [index, value] : out.pcrs) {
    if (value.size() != size) return Malformed("a PCR does not have the size of the digest named");
  }
  return out;
}

StatusOr<ByteView> FindCoseMessage(ByteView file) {
  constexpr uint8_t kArrayOfFour = 0x84;
  if (file.size() > kMaxFile) return Malformed("a document of more than 64 KiB");
  if (!file.empty() && (file[0] == kArrayOfFour || file[0] == kCoseSign1Tag)) return file;
  return UnwrapScale(file);
}

}  // namespace kedge
