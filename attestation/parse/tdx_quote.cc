#include "attestation/parse/tdx_quote.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint16_t kAkEcdsaP256 = 2;
constexpr uint32_t kTeeTdx = 0x81;
constexpr ByteArray<16> kIntelQeVendor = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                          0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
// Body types of version 5.
constexpr uint16_t kBodyTdx10 = 2;
constexpr uint16_t kBodyTdx15 = 3;
constexpr uint32_t kBodyTdx10Size = 584;
constexpr uint32_t kBodyTdx15Size = 648;
// Certification data types.
constexpr uint16_t kCertPckChain = 5;
constexpr uint16_t kCertQeReport = 6;

constexpr size_t kMaxQeAuthData = 1024;
constexpr size_t kMaxPckChain = 32 * 1024;

Status Bad(std::string_view code, std::string_view message) {
  return MakeFault(StatusCode::kInvalidArgument, code, Advice::kAskOperator,
                   absl::StrCat("TDX quote: ", std::string(message)));
}
Status BadFormat(std::string_view message) { return Bad("FORMAT", message); }

// Reads fields one after the other and remembers the first failure, so that a layout reads like
// the table in the specification.
class Fields {
 public:
  explicit Fields(ByteView bytes) : reader_(bytes) {}

  ByteView Take(size_t size) { return Keep(reader_.Take(size), ByteView()); }
  uint16_t U16() { return Keep(reader_.U16Le(), uint16_t{0}); }
  uint32_t U32() { return Keep(reader_.U32Le(), uint32_t{0}); }
  uint64_t U64() { return Keep(reader_.U64Le(), uint64_t{0}); }
  template <size_t N>
  ByteArray<N> Array() {
    ByteArray<N> out{};
    const ByteView view = Take(N);
    std::copy(view.begin(), view.end(), out.begin());
    return out;
  }
  void Skip(size_t size) { Take(size); }

  bool ok() const { return status_.ok(); }
  // FORMAT with `where` for a field that ended too soon.
  Status status(std::string_view where) const {
    if (status_.ok()) return status_;
    return BadFormat(absl::StrCat(std::string(where), " is cut off: ", MessageOf(status_)));
  }
  size_t position() const { return reader_.position(); }
  size_t remaining() const { return reader_.remaining(); }

 private:
  template <typename T>
  T Keep(StatusOr<T> value, T otherwise) {
    if (!status_.ok()) return otherwise;
    if (!value.ok()) {
      status_ = value.status();
      return otherwise;
    }
    return *value;
  }

  Reader reader_;
  Status status_;
};

// What is left must be zero bytes; gives their number.
StatusOr<size_t> Padding(Fields& fields, std::string_view where) {
  const ByteView rest = fields.Take(fields.remaining());
  if (std::any_of(rest.begin(), rest.end(), [](uint8_t byte) { return byte != 0; })) {
    return BadFormat(absl::StrCat(rest.size(), " bytes after ", std::string(where),
                                  " that are not zero padding"));
  }
  return rest.size();
}

Status ReadHeader(Fields& fields, TdxQuote& out) {
  out.version = fields.U16();
  out.attestation_key_type = fields.U16();
  out.tee_type = fields.U32();
  out.header_reserved = fields.Array<4>();
  out.qe_vendor_id = fields.Array<16>();
  out.user_data = fields.Array<20>();
  RETURN_IF_ERROR(fields.status("the header"));
  if (out.version != 4 && out.version != 5) {
    return Bad("FORMAT_VERSION",
               absl::StrCat("version ", out.version, ", this verifier knows 4 and 5"));
  }
  if (out.attestation_key_type != kAkEcdsaP256) {
    return Bad("FORMAT_AK_TYPE", absl::StrCat("attestation key type ", out.attestation_key_type,
                                              ", expected 2 (ECDSA P-256)"));
  }
  if (out.tee_type != kTeeTdx) {
    return Bad("FORMAT_TEE_TYPE", absl::StrCat("tee type ", out.tee_type, ", expected 129 (TDX)"));
  }
  if (out.qe_vendor_id != kIntelQeVendor) {
    return Bad("FORMAT_VENDOR", absl::StrCat("quoting enclave of vendor ", ToHex(out.qe_vendor_id),
                                             ", expected Intel's ", ToHex(kIntelQeVendor)));
  }
  return absl::OkStatus();
}

// Version 5 says which body follows; version 4 always carries the TDX 1.0 one.
Status ReadBody(Fields& fields, TdxQuote& out) {
  uint16_t type = kBodyTdx10;
  if (out.version == 5) {
    type = fields.U16();
    const uint32_t size = fields.U32();
    RETURN_IF_ERROR(fields.status("the body descriptor"));
    if (type != kBodyTdx10 && type != kBodyTdx15) {
      return BadFormat(absl::StrCat("body type ", type, ", expected 2 (TDX 1.0) or 3 (TDX 1.5)"));
    }
    const uint32_t expected = type == kBodyTdx15 ? kBodyTdx15Size : kBodyTdx10Size;
    if (size != expected) {
      return BadFormat(absl::StrCat("body of ", size, " bytes, type ", type, " has ", expected));
    }
  }
  TdReportBody& body = out.body;
  body.tee_tcb_svn = fields.Array<16>();
  body.mr_seam = fields.Array<48>();
  body.mr_signer_seam = fields.Array<48>();
  body.seam_attributes = fields.U64();
  body.td_attributes = fields.U64();
  body.xfam = fields.U64();
  body.mr_td = fields.Array<48>();
  body.mr_config_id = fields.Array<48>();
  body.mr_owner = fields.Array<48>();
  body.mr_owner_config = fields.Array<48>();
  for (ByteArray<48>& rtmr : body.rtmr) rtmr = fields.Array<48>();
  body.report_data = fields.Array<64>();
  if (type == kBodyTdx15) {
    body.tee_tcb_svn2 = fields.Array<16>();
    body.mr_service_td = fields.Array<48>();
  }
  return fields.status("the body");
}

SgxEnclaveReport ReadEnclaveReport(ByteView raw) {
  SgxEnclaveReport out;
  std::copy(raw.begin(), raw.end(), out.raw.begin());
  Fields fields(raw);
  out.cpu_svn = fields.Array<16>();
  out.misc_select = fields.U32();
  fields.Skip(28);
  out.attributes = fields.Array<16>();
  out.mr_enclave = fields.Array<32>();
  fields.Skip(32);
  out.mr_signer = fields.Array<32>();
  fields.Skip(96);
  out.isv_prod_id = fields.U16();
  out.isv_svn = fields.U16();
  fields.Skip(60);
  out.report_data = fields.Array<64>();
  return out;
}

// Certification data of type 5: the PCK chain in PEM, by some quoting enclaves with a zero at its
// end.
Status ReadPckChain(Fields& fields, TdxQuote& out) {
  const uint16_t type = fields.U16();
  const uint32_t size = fields.U32();
  RETURN_IF_ERROR(fields.status("the QE's certification data"));
  if (type != kCertPckChain) {
    return BadFormat(absl::StrCat("the QE is certified by data of type ", type,
                                  ", expected 5 (PCK certificate chain)"));
  }
  if (size > kMaxPckChain) {
    return BadFormat(absl::StrCat("PCK chain of ", size, " bytes, at most ", kMaxPckChain));
  }
  ByteView pem = fields.Take(size);
  RETURN_IF_ERROR(fields.status("the PCK chain"));
  if (!pem.empty() && pem.back() == 0) pem = pem.first(pem.size() - 1);
  out.pck_chain_pem = ToBytes(pem);
  return absl::OkStatus();
}

// Certification data of type 6: the QE's report, who signed it, and what is in its report_data.
Status ReadQeCertification(ByteView bytes, TdxQuote& out) {
  Fields fields(bytes);
  const ByteView report = fields.Take(out.qe_report.raw.size());
  out.qe_report_signature = fields.Array<64>();
  const uint16_t auth_size = fields.U16();
  RETURN_IF_ERROR(fields.status("the QE report"));
  if (auth_size > kMaxQeAuthData) {
    return BadFormat(
        absl::StrCat("QE authentication data of ", auth_size, " bytes, at most ", kMaxQeAuthData));
  }
  out.qe_auth_data = ToBytes(fields.Take(auth_size));
  RETURN_IF_ERROR(fields.status("the QE authentication data"));
  out.qe_report = ReadEnclaveReport(report);
  RETURN_IF_ERROR(ReadPckChain(fields, out));
  ASSIGN_OR_RETURN(const size_t padding, Padding(fields, "the PCK chain"));
  out.padding += padding;
  return absl::OkStatus();
}

Status ReadSignatureData(ByteView bytes, TdxQuote& out) {
  Fields fields(bytes);
  out.signature = fields.Array<64>();
  out.attestation_key = fields.Array<64>();
  const uint16_t type = fields.U16();
  const uint32_t size = fields.U32();
  RETURN_IF_ERROR(fields.status("the signature data"));
  if (type != kCertQeReport) {
    return BadFormat(absl::StrCat("certification data of type ", type,
                                  ", expected 6 (QE report certification data)"));
  }
  const ByteView certification = fields.Take(size);
  RETURN_IF_ERROR(fields.status("the certification data"));
  RETURN_IF_ERROR(ReadQeCertification(certification, out));
  ASSIGN_OR_RETURN(const size_t padding, Padding(fields, "the certification data"));
  out.padding += padding;
  return absl::OkStatus();
}

}  // namespace

StatusOr<TdxQuote> ParseTdxQuote(ByteView bytes) {
  if (bytes.size() > kMaxTdxQuoteSize) {
    return BadFormat(absl::StrCat(bytes.size(), " bytes, at most ", kMaxTdxQuoteSize));
  }
  TdxQuote out;
  Fields fields(bytes);
  RETURN_IF_ERROR(ReadHeader(fields, out));
  RETURN_IF_ERROR(ReadBody(fields, out));
  out.signed_bytes = ToBytes(bytes.first(fields.position()));
  const uint32_t size = fields.U32();
  const ByteView signature_data = fields.Take(size);
  RETURN_IF_ERROR(fields.status("the signature data"));
  RETURN_IF_ERROR(ReadSignatureData(signature_data, out));
  ASSIGN_OR_RETURN(const size_t padding, Padding(fields, "the signature data"));
  out.padding += padding;
  return out;
}

std::string TdxFlagsHex(uint64_t value) {
  ByteArray<8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  return ToHex(bytes);
}

}  // namespace kedge
