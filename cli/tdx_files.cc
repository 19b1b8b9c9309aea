#include "cli/tdx_files.h"

#include <filesystem>

#include "cli/evidence_files.h"

namespace kedge::cli {

StatusOr<TdxCollateralFiles> ReadTdxCollateral(const std::string& folder) {
  if (!std::filesystem::is_directory(folder)) {
    return MakeError(StatusCode::kInvalidArgument, folder + ": no folder");
  }
  TdxCollateralFiles out;
  const std::pair<const char*, Bytes*> files[] = {{"pck_chain.pem", &out.pck_chain_pem},
                                                  {"root_ca.pem", &out.root_ca_pem},
                                                  {"pck_crl.der", &out.pck_crl},
                                                  {"root_crl.der", &out.root_crl},
                                                  {"tcb_info.json", &out.tcb_info_json},
                                                  {"tcb_chain.pem", &out.tcb_chain_pem},
                                                  {"qe_identity.json", &out.qe_identity_json},
                                                  {"qe_chain.pem", &out.qe_chain_pem}};
  for (const auto& [name, bytes] : files) {
    ASSIGN_OR_RETURN(std::optional<Bytes> file, ReadEvidenceFileIfThere(folder + "/" + name));
    if (file) *bytes = *std::move(file);
  }
  return out;
}

TdxPolicy GenuineTdxPolicy(const std::string& by) {
  TdxPolicy out = AnyTdPolicy(by + ", which skips measurements");
  const std::string why = by + ", which skips floors";
  for (auto* age : {&out.tcb_info_age, &out.pck_crl_age, &out.root_crl_age}) {
    *age = PolicyField<absl::Duration>::Skip(why);
  }
  out.minimum_tcb_evaluation_number = PolicyField<uint32_t>::Skip(why);
  out.mr_service_td = out.mr_td;
  TdAttributeRules& attributes = out.td_attributes;
  for (FlagRule* rule :
       {&attributes.icssd, &attributes.lass, &attributes.sept_ve_disable, &attributes.migratable,
        &attributes.pks, &attributes.key_locker, &attributes.tpa, &attributes.perfmon}) {
    *rule = FlagRule::kAllow;
  }
  return out;
}

}  // namespace kedge::cli
