#include "attestation/parse/vcek_extensions.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/parse/der.h"

namespace kedge {
namespace {

constexpr char kProductName[] = "1.3.6.1.4.1.3704.1.2";
constexpr char kBootloader[] = "1.3.6.1.4.1.3704.1.3.1";
constexpr char kTee[] = "1.3.6.1.4.1.3704.1.3.2";
constexpr char kSnp[] = "1.3.6.1.4.1.3704.1.3.3";
constexpr char kMicrocode[] = "1.3.6.1.4.1.3704.1.3.8";
constexpr char kFmc[] = "1.3.6.1.4.1.3704.1.3.9";
constexpr char kHwid[] = "1.3.6.1.4.1.3704.1.4";
constexpr char kCspId[] = "1.3.6.1.4.1.3704.1.5";

constexpr uint8_t kIa5String = 0x16;
constexpr uint64_t kMaxLevel = 255;
constexpr size_t kLongHwid = 64;
constexpr size_t kShortHwid = 8;

Status Bad(std::string_view oid, std::string_view what) {
  return Malformed(absl::StrCat("AMD extension ", std::string(oid), " ", std::string(what)));
}

StatusOr<ByteView> Find(const Certificate& certificate, std::string_view oid) {
  const CertificateExtension* extension = certificate.FindExtension(oid);
  if (extension == nullptr) return Bad(oid, "is missing");
  return ByteView(extension->value);
}

// The content of one element and nothing after it.
StatusOr<ByteView> Content(ByteView der, std::string_view oid, uint8_t tag) {
  DerReader reader(der);
  StatusOr<ByteView> content = reader.Element(tag);
  if (!content.ok() || !reader.empty()) return Bad(oid, "is not the DER value that it should be");
  return content;
}

// A security patch level.
StatusOr<uint8_t> Level(const Certificate& certificate, std::string_view oid) {
  ASSIGN_OR_RETURN(const ByteView der, Find(certificate, oid));
  DerReader reader(der);
  const StatusOr<uint64_t> level = reader.Unsigned(kDerInteger, kMaxLevel);
  if (!level.ok() || !reader.empty()) return Bad(oid, "is not a number from 0 to 255");
  return static_cast<uint8_t>(*level);
}

StatusOr<std::string> Text(const Certificate& certificate, std::string_view oid) {
  ASSIGN_OR_RETURN(const ByteView der, Find(certificate, oid));
  ASSIGN_OR_RETURN(const ByteView content, Content(der, oid, kIa5String));
  const bool printable =
      std::all_of(content.begin(), content.end(), [](uint8_t c) { return c >= 0x20 && c < 0x7F; });
  if (!printable) return Bad(oid, "is not printable ASCII");
  return std::string(AsText(content));
}

StatusOr<Bytes> Hwid(const Certificate& certificate) {
  ASSIGN_OR_RETURN(ByteView value, Find(certificate, kHwid));
  if (value.size() != kLongHwid && value.size() != kShortHwid) {
    ASSIGN_OR_RETURN(value, Content(value, kHwid, kDerOctetString));
  }
  if (value.size() != kLongHwid && value.size() != kShortHwid) {
    return Bad(kHwid, "is neither 64 nor 8 bytes");
  }
  return ToBytes(value);
}

}  // namespace

StatusOr<VcekExtensions> ParseVcekExtensions(const Certificate& certificate) {
  VcekExtensions out;
  ASSIGN_OR_RETURN(out.product_name, Text(certificate, kProductName));
  // A VCEK names the stepping too: "Milan-B0".
  out.product =
      SnpProductFromName(std::string_view(out.product_name).substr(0, out.product_name.find('-')));
  ASSIGN_OR_RETURN(out.tcb.bootloader, Level(certificate, kBootloader));
  ASSIGN_OR_RETURN(out.tcb.tee, Level(certificate, kTee));
  ASSIGN_OR_RETURN(out.tcb.snp, Level(certificate, kSnp));
  ASSIGN_OR_RETURN(out.tcb.microcode, Level(certificate, kMicrocode));
  if (certificate.FindExtension(kFmc) != nullptr) {
    ASSIGN_OR_RETURN(out.tcb.fmc, Level(certificate, kFmc));
  }
  if (certificate.FindExtension(kHwid) != nullptr) {
    ASSIGN_OR_RETURN(out.hwid, Hwid(certificate));
  }
  if (certificate.FindExtension(kCspId) != nullptr) {
    ASSIGN_OR_RETURN(out.csp_id, Text(certificate, kCspId));
  }
  return out;
}

}  // namespace kedge
