#include "attestation/parse/snp_report.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint32_t kEcdsaP384Sha384 = 1;
constexpr std::array<uint32_t, 3> kVersions = {2, 3, 5};
constexpr size_t kComponentSize = 72;  // of r and s; 48 bytes are used

Status Unreadable(std::string_view code, const std::string& message) {
  return MakeFault(StatusCode::kInvalidArgument, code, Advice::kAskOperator,
                   "SNP report: " + message);
}

bool AllZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// The report has one size, checked before: no read in here can fail.
class Fields {
 public:
  explicit Fields(ByteView bytes) : reader_(bytes) {}
  size_t position() const { return reader_.position(); }
  uint8_t U8() { return reader_.U8().value_or(0); }
  uint32_t U32() { return reader_.U32Le().value_or(0); }
  uint64_t U64() { return reader_.U64Le().value_or(0); }
  ByteView Take(size_t size) { return reader_.Take(size).value_or(ByteView()); }
  template <size_t N>
  void Into(ByteArray<N>& out) {
    const ByteView bytes = Take(N);
    std::copy(bytes.begin(), bytes.end(), out.begin());
  }

 private:
  Reader reader_;
};

SnpSigningKey SigningKeyOf(uint32_t flags) {
  switch ((flags >> 2) & 7) {
    case 0:
      return SnpSigningKey::kVcek;
    case 1:
      return SnpSigningKey::kVlek;
    case 7:
      return SnpSigningKey::kNone;
    default:
      return SnpSigningKey::kReserved;
  }
}

SnpFirmwareVersion VersionOf(Fields& in) {
  SnpFirmwareVersion out;
  out.build = in.U8();
  out.minor = in.U8();
  out.major = in.U8();
  return out;
}

// A little-endian number of 72 bytes as 48 big-endian ones.
Status ReadComponent(Fields& in, std::string_view name, ByteArray<48>& out) {
  const ByteView bytes = in.Take(kComponentSize);
  if (!AllZero(bytes.subspan(out.size()))) {
    return Unreadable("SIGNATURE_FORMAT",
                      absl::StrCat("signature's ", std::string(name), " is longer than 48 bytes"));
  }
  const ByteView number = bytes.first(out.size());
  std::reverse_copy(number.begin(), number.end(), out.begin());
  return absl::OkStatus();
}

}  // namespace

std::string_view ToString(SnpProduct product) {
  switch (product) {
    case SnpProduct::kMilan:
      return "Milan";
    case SnpProduct::kGenoa:
      return "Genoa";
    case SnpProduct::kTurin:
      return "Turin";
  }
  return "unknown";
}

std::optional<SnpProduct> SnpProductFromName(std::string_view name) {
  for (SnpProduct product : kSnpProducts) {
    if (name == ToString(product)) return product;
  }
  return std::nullopt;
}

// AMD Processor Programming References: 19h 00-0F Milan, 10-1F Genoa, A0-AF Bergamo and Siena; 1Ah
// 00-11 Turin.
std::optional<SnpProduct> SnpProductFromCpuid(uint8_t family, uint8_t model) {
  if (family == 0x19) {
    if (model <= 0x0F) return SnpProduct::kMilan;
    if (model <= 0x1F || (model >= 0xA0 && model <= 0xAF)) return SnpProduct::kGenoa;
  }
  if (family == 0x1A && model <= 0x11) return SnpProduct::kTurin;
  return std::nullopt;
}

SnpTcb DecodeSnpTcb(uint64_t raw, SnpProduct product) {
  const auto byte = [raw](int index) { return static_cast<uint8_t>(raw >> (8 * index)); };
  SnpTcb out;
  if (product == SnpProduct::kTurin) {
    out.fmc = byte(0);
    out.bootloader = byte(1);
    out.tee = byte(2);
    out.snp = byte(3);
    out.reserved_zero = byte(4) == 0 && byte(5) == 0 && byte(6) == 0;
  } else {
    out.bootloader = byte(0);
    out.tee = byte(1);
    out.snp = byte(6);
    out.reserved_zero = byte(2) == 0 && byte(3) == 0 && byte(4) == 0 && byte(5) == 0;
  }
  out.microcode = byte(7);
  return out;
}

std::string ToString(const SnpTcb& tcb) {
  return absl::StrCat(tcb.fmc ? absl::StrCat("fmc ", static_cast<int>(*tcb.fmc), ", ") : "", "bl ",
                      static_cast<int>(tcb.bootloader), ", tee ", static_cast<int>(tcb.tee),
                      ", snp ", static_cast<int>(tcb.snp), ", ucode ",
                      static_cast<int>(tcb.microcode),
                      tcb.reserved_zero ? "" : ", reserved bytes set");
}

std::string ToString(const SnpFirmwareVersion& version) {
  return absl::StrCat(static_cast<int>(version.major), ".", static_cast<int>(version.minor), ".",
                      static_cast<int>(version.build));
}

std::string_view ToString(SnpSigningKey key) {
  switch (key) {
    case SnpSigningKey::kVcek:
      return "VCEK";
    case SnpSigningKey::kVlek:
      return "VLEK";
    case SnpSigningKey::kNone:
      return "none";
    case SnpSigningKey::kReserved:
      return "reserved";
  }
  return "reserved";
}

StatusOr<SnpReport> ParseSnpReport(ByteView bytes) {
  if (bytes.size() != kSnpReportSize) {
    return Unreadable("FORMAT_LENGTH", absl::StrCat("expected exactly ", kSnpReportSize,
                                                    " bytes, got ", bytes.size()));
  }
  Fields in(bytes);
  SnpReport out;
  out.version = in.U32();
  if (std::find(kVersions.begin(), kVersions.end(), out.version) == kVersions.end()) {
    return Unreadable("FORMAT_VERSION",
                      absl::StrCat("expected version 2, 3 or 5, got ", out.version));
  }
  out.guest_svn = in.U32();
  out.policy.raw = in.U64();
  in.Into(out.family_id);
  in.Into(out.image_id);
  out.vmpl = in.U32();
  const uint32_t algorithm = in.U32();
  if (algorithm != kEcdsaP384Sha384) {
    return Unreadable("SIG_ALGO", absl::StrCat("expected signature algorithm 1 (ECDSA P-384 with "
                                               "SHA-384), got ",
                                               algorithm));
  }
  out.current_tcb = in.U64();
  out.platform_info.raw = in.U64();
  const uint32_t flags = in.U32();
  out.author_key_en = (flags & 1) != 0;
  out.mask_chip_key = (flags & 2) != 0;
  out.signing_key = SigningKeyOf(flags);
  out.reserved_nonzero = (flags >> 5) != 0;
  out.reserved_nonzero |= in.U32() != 0;
  in.Into(out.report_data);
  in.Into(out.measurement);
  in.Into(out.host_data);
  in.Into(out.id_key_digest);
  in.Into(out.author_key_digest);
  in.Into(out.report_id);
  in.Into(out.report_id_ma);
  out.reported_tcb = in.U64();
  const ByteView cpuid = in.Take(3);
  if (out.has_cpuid()) {
    out.cpuid_family = cpuid[0];
    out.cpuid_model = cpuid[1];
    out.cpuid_stepping = cpuid[2];
  } else {
    out.reserved_nonzero |= !AllZero(cpuid);
  }
  out.reserved_nonzero |= !AllZero(in.Take(21));
  in.Into(out.chip_id);
  out.committed_tcb = in.U64();
  out.current_version = VersionOf(in);
  out.reserved_nonzero |= in.U8() != 0;
  out.committed_version = VersionOf(in);
  out.reserved_nonzero |= in.U8() != 0;
  out.launch_tcb = in.U64();
  const uint64_t launch_mitigation = in.U64();
  const uint64_t current_mitigation = in.U64();
  if (out.has_mitigation()) {
    out.launch_mitigation = launch_mitigation;
    out.current_mitigation = current_mitigation;
  } else {
    out.reserved_nonzero |= launch_mitigation != 0 || current_mitigation != 0;
  }
  out.reserved_nonzero |= !AllZero(in.Take(kSnpSignedSize - in.position()));
  RETURN_IF_ERROR(ReadComponent(in, "r", out.signature_r));
  RETURN_IF_ERROR(ReadComponent(in, "s", out.signature_s));
  if (!AllZero(in.Take(kSnpReportSize - in.position()))) {
    return Unreadable("RESERVED_MBZ", "bytes after the signature are not zero");
  }
  return out;
}

}  // namespace kedge
