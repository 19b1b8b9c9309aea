#include "attestation/verify/testing/tdx_machine.h"

#include <algorithm>
#include <cstdlib>

#include "attestation/parse/der.h"
#include "attestation/parse/testing/intel_collateral_builder.h"
#include "attestation/parse/testing/pck_extensions_builder.h"
#include "attestation/parse/testing/tdx_quote_builder.h"
#include "crypto/digest.h"

namespace kedge::testing {
namespace {

constexpr char kRootName[] = "Intel SGX Root CA";
constexpr char kCaName[] = "Intel SGX PCK Platform CA";

void PutInteger(ByteView content, ByteArray<64>& out, size_t end) {
  while (content.size() > 32) content = content.subspan(1);
  std::copy(content.begin(), content.end(),
            out.begin() + static_cast<std::ptrdiff_t>(end - content.size()));
}

TcbInfo UpToDateInfo(const PckExtensions& pck, const TdReportBody& body) {
  TcbInfo out;
  out.id = "TDX";
  out.version = 3;
  out.issue_date = TdxMachine::Now() - absl::Hours(24);
  out.next_update = out.issue_date + absl::Hours(24 * 30);
  out.fmspc = pck.fmspc;
  out.pce_id = pck.pce_id;
  out.tcb_evaluation_data_number = 18;
  out.module.emplace().attributes_mask.fill(0xFF);
  TdxModuleIdentity identity;
  identity.id = "TDX_01";
  identity.version = 1;
  identity.module = *out.module;
  identity.levels = {{6, out.issue_date, TcbStatus::kUpToDate, {}},
                     {4, out.issue_date, TcbStatus::kOutOfDate, {"INTEL-SA-01036"}}};
  out.module_identities = {identity};
  TcbLevel level;
  level.sgx.svns = pck.tcb.component_svns;
  level.sgx.names[0] = "BIOS, Early Microcode Update";
  level.pce_svn = pck.tcb.pce_svn;
  level.tdx.svns = body.tee_tcb_svn;
  level.date = out.issue_date;
  level.status = TcbStatus::kUpToDate;
  out.levels = {level};
  level.sgx.svns.fill(0);
  level.tdx.svns.fill(0);
  level.pce_svn = 0;
  level.status = TcbStatus::kOutOfDate;
  level.advisory_ids = {"INTEL-SA-00837"};
  out.levels.push_back(level);
  return out;
}

}  // namespace

ByteArray<64> SignRs(const TestKey& key, ByteView message) {
  const Bytes der = key.Sign(message);
  DerReader outer(der);
  DerReader pair = *outer.Sequence();
  ByteArray<64> out{};
  PutInteger(*pair.Element(kDerInteger), out, 32);
  PutInteger(*pair.Element(kDerInteger), out, 64);
  return out;
}

ByteArray<64> PointOf(const TestKey& key) {
  const Bytes spki = key.Spki();
  return *ToArray<64>(ByteView(spki).last(64));
}

TdxMachine::TdxMachine(uint16_t version, bool tdx15) : quote(PlainTdxQuote(version, tdx15)) {
  TdReportBody& body = quote.body;
  body.tee_tcb_svn = {6, 1, 3};
  if (tdx15) body.tee_tcb_svn2 = body.tee_tcb_svn;
  body.mr_td.fill(0x4D);
  body.report_data.fill(0x52);
  quote.qe_auth_data = Bytes(32, 0x41);

  pck.ppid.fill(0x11);
  pck.tcb.component_svns = {3, 3, 2, 2, 4, 1, 0, 5};
  pck.tcb.pce_svn = 11;
  pck.fmspc = {0x90, 0xC0, 0x6F, 0, 0, 0};
  pck.platform_instance_id.emplace().fill(0x22);
  pck.configuration = {false, true, true};

  tcb_info = UpToDateInfo(pck, body);
  qe_identity.id = "TD_QE";
  qe_identity.version = 2;
  qe_identity.issue_date = tcb_info.issue_date;
  qe_identity.next_update = tcb_info.next_update;
  qe_identity.tcb_evaluation_data_number = tcb_info.tcb_evaluation_data_number;
  qe_identity.misc_select_mask.fill(0xFF);
  qe_identity.attributes[0] = 0x11;
  qe_identity.attributes_mask[0] = 0xFB;
  qe_identity.mr_signer.fill(0xDC);
  qe_identity.isv_prod_id = 2;
  qe_identity.levels = {{6, tcb_info.issue_date, TcbStatus::kUpToDate, {}},
                        {4, tcb_info.issue_date, TcbStatus::kOutOfDate, {}}};
  SgxEnclaveReport& qe = quote.qe_report;
  qe.attributes[0] = 0x15;  // DEBUG is in the mask and off, MODE64BIT on; bit 2 is masked out
  qe.mr_signer = qe_identity.mr_signer;
  qe.isv_prod_id = 2;
  qe.isv_svn = 6;

  root_terms = {.subject = kRootName,
                .issuer = kRootName,
                .ca = true,
                .path_length = 1,
                .key_usage = "keyCertSign,cRLSign"};
  ca_terms = {.subject = kCaName,
              .issuer = kRootName,
              .serial = 2,
              .ca = true,
              .path_length = 0,
              .key_usage = "keyCertSign,cRLSign"};
  pck_terms = {.subject = "Intel SGX PCK Certificate",
               .issuer = kCaName,
               .serial = 3,
               .key_usage = "digitalSignature,nonRepudiation"};
  signer_terms = {.subject = "Intel SGX TCB Signing",
                  .issuer = kRootName,
                  .serial = 4,
                  .key_usage = "digitalSignature,nonRepudiation"};
  pck_crl = {.issuer = kCaName,
             .this_update = tcb_info.issue_date,
             .next_update = tcb_info.next_update,
             .number = 7};
  root_crl = {.issuer = kRootName,
              .this_update = tcb_info.issue_date,
              .next_update = tcb_info.next_update,
              .number = 7};
}

std::string TdxMachine::RootPem() const {
  if (!frozen_root_.empty()) return frozen_root_;
  return ToPem(MakeCertificate(root_terms, root_key, root_signs_with, TestSignature::kEcdsa),
               "CERTIFICATE");
}

std::string TdxMachine::PckChainPem() const {
  CertificateTerms leaf = pck_terms;
  leaf.extensions.emplace_back(kSgxExtensionsOid, EncodePckExtensions(pck));
  return ToPem(MakeCertificate(leaf, pck_key, ca_signs_with, TestSignature::kEcdsa),
               "CERTIFICATE") +
         CaChainPem();
}

std::string TdxMachine::CaPem() const {
  if (!frozen_ca_.empty()) return frozen_ca_;
  return ToPem(MakeCertificate(ca_terms, ca_key, root_signs_with, TestSignature::kEcdsa),
               "CERTIFICATE");
}

std::string TdxMachine::CaChainPem() const { return CaPem() + RootPem(); }

std::string TdxMachine::SignerChainPem() const {
  return ToPem(MakeCertificate(signer_terms, signer_key, root_signs_with, TestSignature::kEcdsa),
               "CERTIFICATE") +
         RootPem();
}

Bytes TdxMachine::Quote() {
  quote.attestation_key = PointOf(ak);
  const Sha256Digest covered = Sha256({quote.attestation_key, quote.qe_auth_data});
  std::copy(covered.begin(), covered.end(), quote.qe_report.report_data.begin());
  quote.qe_report_signature = SignRs(pck_signs_with, EncodeEnclaveReport(quote.qe_report));
  quote.signature = SignRs(ak_signs_with, EncodeSignedPart(quote));
  quote.pck_chain_pem = ToBytes(PckChainPem());
  return EncodeTdxQuote(quote);
}

TdxCollateralFiles TdxMachine::Files() const {
  const std::string info = EncodeTcbInfo(tcb_info).dump();
  const std::string identity = EncodeQeIdentity(qe_identity).dump();
  const std::string signer = SignerChainPem();
  TdxCollateralFiles out;
  out.root_ca_pem = ToBytes(RootPem());
  out.pck_crl = MakeCrl(pck_crl, ca_signs_with, TestSignature::kEcdsa);
  out.root_crl = MakeCrl(root_crl, root_signs_with, TestSignature::kEcdsa);
  out.tcb_info_json =
      ToBytes(WrapSigned("tcbInfo", info, SignRs(signer_signs_with, AsBytes(info))));
  out.tcb_chain_pem = ToBytes(signer);
  out.qe_identity_json = ToBytes(
      WrapSigned("enclaveIdentity", identity, SignRs(signer_signs_with, AsBytes(identity))));
  out.qe_chain_pem = ToBytes(signer);
  return out;
}

SpkiPins TdxMachine::Roots() const { return {Sha256(root_key.Spki())}; }

TdxPolicy TdxMachine::Policy() { return AnyTdPolicy("the test, which knows no reference values"); }

}  // namespace kedge::testing
