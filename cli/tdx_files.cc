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

}  // namespace kedge::cli
