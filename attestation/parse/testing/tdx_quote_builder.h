// Writes TDX quotes in their genuine layout, for tests (header only). The inverse of ParseTdxQuote;
// who signs them is the caller's business.
#pragma once

#include "attestation/parse/tdx_quote.h"
#include "base/bytes.h"

namespace kedge::testing {

class LittleEndianWriter {
 public:
  LittleEndianWriter& Put(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  LittleEndianWriter& Zero(size_t count) {
    out_.insert(out_.end(), count, 0);
    return *this;
  }
  LittleEndianWriter& U16(uint64_t value) { return Integer(value, 2); }
  LittleEndianWriter& U32(uint64_t value) { return Integer(value, 4); }
  LittleEndianWriter& U64(uint64_t value) { return Integer(value, 8); }
  const Bytes& bytes() const { return out_; }

 private:
  LittleEndianWriter& Integer(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes out_;
};

// Header and fields that every quote of Intel's quoting enclave has.
inline TdxQuote PlainTdxQuote(uint16_t version, bool tdx15 = false) {
  TdxQuote out;
  out.version = version;
  out.attestation_key_type = 2;
  out.tee_type = 0x81;
  out.qe_vendor_id = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
  out.body.td_attributes = kTdAttributeSeptVeDisable;
  out.body.xfam = 0x3;
  if (tdx15) {
    out.body.tee_tcb_svn2.emplace();
    out.body.mr_service_td.emplace();
  }
  return out;
}

// Header and body: what the attestation key signs.
inline Bytes EncodeSignedPart(const TdxQuote& quote) {
  LittleEndianWriter out;
  out.U16(quote.version).U16(quote.attestation_key_type).U32(quote.tee_type);
  out.Put(quote.header_reserved).Put(quote.qe_vendor_id).Put(quote.user_data);
  const TdReportBody& body = quote.body;
  const bool tdx15 = body.tee_tcb_svn2.has_value();
  if (quote.version == 5) out.U16(tdx15 ? 3 : 2).U32(tdx15 ? 648 : 584);
  out.Put(body.tee_tcb_svn).Put(body.mr_seam).Put(body.mr_signer_seam);
  out.U64(body.seam_attributes).U64(body.td_attributes).U64(body.xfam);
  out.Put(body.mr_td).Put(body.mr_config_id).Put(body.mr_owner).Put(body.mr_owner_config);
  for (const ByteArray<48>& rtmr : body.rtmr) out.Put(rtmr);
  out.Put(body.report_data);
  if (tdx15) out.Put(*body.tee_tcb_svn2).Put(*body.mr_service_td);
  return out.bytes();
}

// The QE's report from its fields (raw is not read).
inline Bytes EncodeEnclaveReport(const SgxEnclaveReport& report) {
  LittleEndianWriter out;
  out.Put(report.cpu_svn).U32(report.misc_select).Zero(28).Put(report.attributes);
  out.Put(report.mr_enclave).Zero(32).Put(report.mr_signer).Zero(96);
  out.U16(report.isv_prod_id).U16(report.isv_svn).Zero(60).Put(report.report_data);
  return out.bytes();
}

// The whole quote from its fields (signed_bytes and qe_report.raw are not read).
inline Bytes EncodeTdxQuote(const TdxQuote& quote) {
  LittleEndianWriter certification;
  certification.Put(EncodeEnclaveReport(quote.qe_report)).Put(quote.qe_report_signature);
  certification.U16(quote.qe_auth_data.size()).Put(quote.qe_auth_data);
  certification.U16(5).U32(quote.pck_chain_pem.size()).Put(quote.pck_chain_pem);
  LittleEndianWriter signature_data;
  signature_data.Put(quote.signature).Put(quote.attestation_key);
  signature_data.U16(6).U32(certification.bytes().size()).Put(certification.bytes());
  LittleEndianWriter out;
  out.Put(EncodeSignedPart(quote));
  out.U32(signature_data.bytes().size()).Put(signature_data.bytes()).Zero(quote.padding);
  return out.bytes();
}

}  // namespace kedge::testing
