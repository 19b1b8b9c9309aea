#include "cli/tdx_claims.h"

#include <absl/time/time.h>

#include <string>

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

template <typename T>
ordered_json OrNull(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

struct NamedBit {
  uint64_t bit;
  const char* name;
};
constexpr NamedBit kTdAttributeNames[] = {{kTdAttributeDebug, "DEBUG"},
                                          {kTdAttributeHgsPlusProfile, "HGS_PLUS_PROF"},
                                          {kTdAttributePerfProfile, "PERF_PROF"},
                                          {kTdAttributePmtProfile, "PMT_PROF"},
                                          {kTdAttributeIcssd, "ICSSD"},
                                          {kTdAttributeLass, "LASS"},
                                          {kTdAttributeSeptVeDisable, "SEPT_VE_DISABLE"},
                                          {kTdAttributeMigratable, "MIGRATABLE"},
                                          {kTdAttributePks, "PKS"},
                                          {kTdAttributeKeyLocker, "KL"},
                                          {kTdAttributeTpa, "TPA"},
                                          {kTdAttributePerfmon, "PERFMON"}};

ordered_json AttributeNames(uint64_t attributes) {
  ordered_json out = ordered_json::array();
  for (const NamedBit& entry : kTdAttributeNames) {
    if ((attributes & entry.bit) != 0) out.push_back(entry.name);
    attributes &= ~entry.bit;
  }
  if (attributes != 0) out.push_back("reserved " + TdxFlagsHex(attributes));
  return out;
}

void PutBody(const TdReportBody& body, ordered_json& out) {
  out["tee_tcb_svn"] = ToHex(body.tee_tcb_svn);
  out["mrseam"] = ToHex(body.mr_seam);
  out["mrsignerseam"] = ToHex(body.mr_signer_seam);
  out["seam_attributes"] = TdxFlagsHex(body.seam_attributes);
  out["td_attributes"] = TdxFlagsHex(body.td_attributes);
  out["td_attribute_names"] = AttributeNames(body.td_attributes);
  out["debug"] = (body.td_attributes & kTdAttributesUnderDebug) != 0;
  out["xfam"] = TdxFlagsHex(body.xfam);
  out["mrtd"] = ToHex(body.mr_td);
  out["mrconfigid"] = ToHex(body.mr_config_id);
  out["mrowner"] = ToHex(body.mr_owner);
  out["mrownerconfig"] = ToHex(body.mr_owner_config);
  out["rtmr"] = ordered_json::array();
  for (const ByteArray<48>& rtmr : body.rtmr) out["rtmr"].push_back(ToHex(rtmr));
  out["report_data"] = ToHex(body.report_data);
  if (body.tee_tcb_svn2) out["tee_tcb_svn2"] = ToHex(*body.tee_tcb_svn2);
  if (body.mr_service_td) out["mrservicetd"] = ToHex(*body.mr_service_td);
}

ordered_json QeJson(const SgxEnclaveReport& qe) {
  return {{"cpusvn", ToHex(qe.cpu_svn)},
          {"miscselect", qe.misc_select},
          {"attributes", ToHex(qe.attributes)},
          {"mrenclave", ToHex(qe.mr_enclave)},
          {"mrsigner", ToHex(qe.mr_signer)},
          {"isvprodid", qe.isv_prod_id},
          {"isvsvn", qe.isv_svn},
          {"report_data", ToHex(qe.report_data)}};
}

ordered_json StatusOrNull(const std::optional<TcbFinding>& finding) {
  return finding ? ordered_json(std::string(ToString(finding->status))) : ordered_json();
}

void PutTcb(const TdxTcbFindings& tcb, ordered_json& out) {
  out["tcb_status"] = std::string(ToString(tcb.platform.status));
  if (tcb.platform.date) out["tcb_date"] = TimeText(*tcb.platform.date);
  out["module_status"] = StatusOrNull(tcb.module);
  out["qe_status"] = StatusOrNull(tcb.qe);
  out["converged_status"] = std::string(ToString(tcb.converged));
  out["advisory_ids"] = tcb.advisory_ids;
}

ordered_json CrlJson(const Crl& crl) {
  return {{"issuer", crl.issuer()},
          {"number", crl.number() ? ordered_json(ToHex(*crl.number())) : ordered_json()},
          {"this_update", TimeText(crl.this_update())},
          {"next_update", TimeText(crl.next_update())},
          {"revoked", crl.revoked_count()}};
}

template <typename T>
ordered_json DocumentJson(const T& document) {
  return {{"id", document.id},
          {"issue_date", TimeText(document.issue_date)},
          {"next_update", TimeText(document.next_update)},
          {"tcb_evaluation_data_number", document.tcb_evaluation_data_number}};
}

ordered_json CollateralJson(const TdxCollateral& collateral) {
  ordered_json out = ordered_json::object();
  if (collateral.tcb_info()) out["tcb_info"] = DocumentJson(collateral.tcb_info()->content);
  if (collateral.qe_identity()) {
    out["qe_identity"] = DocumentJson(collateral.qe_identity()->content);
  }
  if (collateral.pck_crl()) out["pck_crl"] = CrlJson(*collateral.pck_crl());
  if (collateral.root_crl()) out["root_crl"] = CrlJson(*collateral.root_crl());
  return out;
}

}  // namespace

ordered_json TdxQuoteJson(const TdxQuote& quote) {
  ordered_json out = {{"version", quote.version},
                      {"tee_type", quote.tee_type},
                      {"attestation_key_type", quote.attestation_key_type},
                      {"qe_vendor_id", ToHex(quote.qe_vendor_id)},
                      {"user_data", ToHex(quote.user_data)}};
  PutBody(quote.body, out);
  out["attestation_key"] = ToHex(quote.attestation_key);
  out["qe_report"] = QeJson(quote.qe_report);
  out["qe_auth_data"] = ToHex(quote.qe_auth_data);
  return out;
}

ordered_json PckJson(const PckChain& pck) {
  const PckExtensions& extensions = pck.extensions;
  ordered_json out = {{"pck_ca", std::string(ToString(pck.authority))},
                      {"pck_serial", ToHex(pck.chain.leaf().serial())},
                      {"ppid", ToHex(extensions.ppid)},
                      {"fmspc", ToHex(extensions.fmspc)},
                      {"pceid", ToHex(extensions.pce_id)},
                      {"sgx_type", extensions.sgx_type}};
  out["pck_tcb"] = {extensions.tcb.component_svns, extensions.tcb.pce_svn};
  out["cpusvn"] = ToHex(extensions.tcb.cpu_svn);
  out["platform_instance_id"] = extensions.platform_instance_id
                                    ? ordered_json(ToHex(*extensions.platform_instance_id))
                                    : ordered_json();
  out["dynamic_platform"] = OrNull(extensions.configuration.dynamic_platform);
  out["cached_keys"] = OrNull(extensions.configuration.cached_keys);
  out["smt_enabled"] = OrNull(extensions.configuration.smt_enabled);
  return out;
}

ordered_json TdxClaimsJson(const TdxClaims& claims) {
  ordered_json out = TdxQuoteJson(claims.quote);
  if (claims.pck != nullptr) out.update(PckJson(*claims.pck));
  if (claims.tcb) PutTcb(*claims.tcb, out);
  if (claims.collateral != nullptr) out["collateral"] = CollateralJson(*claims.collateral);
  return out;
}

}  // namespace kedge::cli
