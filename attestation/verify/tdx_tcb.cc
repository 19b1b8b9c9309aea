#include "attestation/verify/tdx_tcb.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

namespace kedge {
namespace {

// TEE_TCB_SVN[0] and [1] are the module's SVN and version where it has an identity of its own; its
// levels judge them then, not the platform's.
size_t FirstPlatformSvn(const ByteArray<16>& tee_tcb_svn) {
  return TdxModuleVersion(tee_tcb_svn) > 0 ? 2 : 0;
}

std::string Gap(std::string_view what, size_t index, const std::string& name, unsigned have,
                unsigned need) {
  return absl::StrCat(std::string(what), " component ", index + 1,
                      name.empty() ? "" : absl::StrCat(" (", name, ")"), " is ", have, ", needs ",
                      need);
}

// What `pck` and `tee_tcb_svn` lack for `level`.
std::vector<std::string> GapsTo(const TcbLevel& level, const PckTcb& pck,
                                const ByteArray<16>& tee_tcb_svn) {
  std::vector<std::string> out;
  for (size_t i = 0; i < pck.component_svns.size(); ++i) {
    if (pck.component_svns[i] < level.sgx.svns[i]) {
      out.push_back(Gap("SGX", i, level.sgx.names[i], pck.component_svns[i], level.sgx.svns[i]));
    }
  }
  if (pck.pce_svn < level.pce_svn) {
    out.push_back(absl::StrCat("PCE SVN is ", pck.pce_svn, ", needs ", level.pce_svn));
  }
  for (size_t i = FirstPlatformSvn(tee_tcb_svn); i < tee_tcb_svn.size(); ++i) {
    if (tee_tcb_svn[i] < level.tdx.svns[i]) {
      out.push_back(Gap("TDX", i, level.tdx.names[i], tee_tcb_svn[i], level.tdx.svns[i]));
    }
  }
  return out;
}

// Without the TDX part: the level of the processor alone, which the relaunch rule asks for.
bool ReachesSgx(const TcbLevel& level, const PckTcb& pck) {
  return pck.pce_svn >= level.pce_svn &&
         std::equal(pck.component_svns.begin(), pck.component_svns.end(), level.sgx.svns.begin(),
                    [](uint8_t have, uint8_t need) { return have >= need; });
}

bool ReachesTdx(const TcbLevel& level, const ByteArray<16>& tee_tcb_svn) {
  for (size_t i = FirstPlatformSvn(tee_tcb_svn); i < tee_tcb_svn.size(); ++i) {
    if (tee_tcb_svn[i] < level.tdx.svns[i]) return false;
  }
  return true;
}

TcbFinding FindPlatform(const TcbInfo& info, const PckTcb& pck, const ByteArray<16>& tee_tcb_svn) {
  TcbFinding out;
  for (const TcbLevel& level : info.levels) {
    if (!ReachesSgx(level, pck) || !ReachesTdx(level, tee_tcb_svn)) continue;
    out.status = level.status;
    out.date = level.date;
    out.advisory_ids = level.advisory_ids;
    break;
  }
  if (!info.levels.empty()) out.gaps = GapsTo(info.levels.front(), pck, tee_tcb_svn);
  return out;
}

TcbFinding FindIsv(const std::vector<IsvTcbLevel>& levels, uint16_t svn, std::string_view what) {
  TcbFinding out;
  for (const IsvTcbLevel& level : levels) {
    if (svn < level.isv_svn) continue;
    out.status = level.status;
    out.date = level.date;
    out.advisory_ids = level.advisory_ids;
    break;
  }
  if (!levels.empty() && svn < levels.front().isv_svn) {
    out.gaps.push_back(
        absl::StrCat(std::string(what), " SVN is ", svn, ", needs ", levels.front().isv_svn));
  }
  return out;
}

// Whether the module that runs now (TEE_TCB_SVN2) is at the newest level, so that only launching
// the TD again is missing.
bool RunsOnRepairedModule(const TcbInfo& info, const ByteArray<16>& now) {
  if (info.levels.empty()) return false;
  const TcbLevel& newest = info.levels.front();
  if (now[2] < newest.tdx.svns[2]) return false;
  if (TdxModuleVersion(now) == 0) return now[0] >= newest.tdx.svns[0];
  const TdxModuleIdentity* identity = FindModuleIdentity(info, TdxModuleVersion(now));
  return identity != nullptr && !identity->levels.empty() &&
         TdxModuleSvn(now) >= identity->levels.front().isv_svn;
}

// The processor's own status, for the relaunch rule: that the TD is old must be all that is wrong.
TcbStatus SgxStatus(const TcbInfo& info, const PckTcb& pck) {
  for (const TcbLevel& level : info.levels) {
    if (ReachesSgx(level, pck)) return level.status;
  }
  return TcbStatus::kNotSupported;
}

TcbStatus ConsiderRelaunch(const TdReportBody& td, const TcbInfo& info, const PckTcb& pck,
                           const std::optional<TcbFinding>& module,
                           const std::optional<TcbFinding>& qe, TcbStatus status) {
  const TcbStatus sgx = SgxStatus(info, pck);
  const bool only_launch = td.tee_tcb_svn2 && IsOutOfDate(status) && module &&
                           IsOutOfDate(module->status) &&
                           (!qe || qe->status == TcbStatus::kUpToDate) &&
                           (sgx == TcbStatus::kUpToDate || sgx == TcbStatus::kSwHardeningNeeded ||
                            sgx == TcbStatus::kConfigurationNeeded ||
                            sgx == TcbStatus::kConfigurationAndSwHardeningNeeded) &&
                           RunsOnRepairedModule(info, *td.tee_tcb_svn2);
  if (!only_launch) return status;
  return NeedsConfiguration(sgx) || NeedsConfiguration(status)
             ? TcbStatus::kRelaunchAdvisedConfigurationNeeded
             : TcbStatus::kRelaunchAdvised;
}

}  // namespace

const TdxModuleIdentity* FindModuleIdentity(const TcbInfo& info, uint8_t version) {
  for (const TdxModuleIdentity& identity : info.module_identities) {
    if (identity.version == version) return &identity;
  }
  return nullptr;
}

bool IsOutOfDate(TcbStatus status) {
  return status == TcbStatus::kOutOfDate || status == TcbStatus::kOutOfDateConfigurationNeeded;
}

bool NeedsConfiguration(TcbStatus status) {
  return status == TcbStatus::kConfigurationNeeded ||
         status == TcbStatus::kConfigurationAndSwHardeningNeeded ||
         status == TcbStatus::kOutOfDateConfigurationNeeded ||
         status == TcbStatus::kRelaunchAdvisedConfigurationNeeded;
}

bool NeedsSwHardening(TcbStatus status) {
  return status == TcbStatus::kSwHardeningNeeded ||
         status == TcbStatus::kConfigurationAndSwHardeningNeeded;
}

TcbStatus CombineTcbStatus(TcbStatus platform, TcbStatus part) {
  for (const TcbStatus final : {TcbStatus::kRevoked, TcbStatus::kNotSupported}) {
    if (platform == final || part == final) return final;
  }
  if (part == TcbStatus::kUpToDate) return platform;
  const bool configure = NeedsConfiguration(platform) || NeedsConfiguration(part);
  if (IsOutOfDate(platform) || IsOutOfDate(part)) {
    return configure ? TcbStatus::kOutOfDateConfigurationNeeded : TcbStatus::kOutOfDate;
  }
  if (NeedsSwHardening(platform) || NeedsSwHardening(part)) {
    return configure ? TcbStatus::kConfigurationAndSwHardeningNeeded
                     : TcbStatus::kSwHardeningNeeded;
  }
  return configure ? TcbStatus::kConfigurationNeeded : std::max(platform, part);
}

TdxTcbFindings FindTdxTcb(const TdReportBody& td, const PckTcb& pck, uint16_t qe_isv_svn,
                          const TcbInfo& info, const QeIdentity* identity) {
  TdxTcbFindings out;
  out.platform = FindPlatform(info, pck, td.tee_tcb_svn);
  out.converged = out.platform.status;
  if (TdxModuleVersion(td.tee_tcb_svn) > 0) {
    const TdxModuleIdentity* module = FindModuleIdentity(info, TdxModuleVersion(td.tee_tcb_svn));
    out.module = module == nullptr
                     ? TcbFinding()
                     : FindIsv(module->levels, TdxModuleSvn(td.tee_tcb_svn), "TDX module");
    out.converged = CombineTcbStatus(out.converged, out.module->status);
  }
  if (identity != nullptr) out.qe = FindIsv(identity->levels, qe_isv_svn, "quoting enclave");
  out.converged = ConsiderRelaunch(td, info, pck, out.module, out.qe, out.converged);
  if (out.qe) out.converged = CombineTcbStatus(out.converged, out.qe->status);

  std::set<std::string> advisories(out.platform.advisory_ids.begin(),
                                   out.platform.advisory_ids.end());
  for (const auto& part : {out.module, out.qe}) {
    if (part) advisories.insert(part->advisory_ids.begin(), part->advisory_ids.end());
  }
  out.advisory_ids.assign(advisories.begin(), advisories.end());
  return out;
}

}  // namespace kedge
