// Writes the documents of Intel's provisioning service, for tests (header only): the inner objects,
// which a signer then wraps.
#pragma once

#include <absl/time/time.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/parse/intel_collateral.h"

namespace kedge::testing {

using nlohmann::ordered_json;

inline std::string IntelTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

inline void PutStatus(const absl::Time& date, TcbStatus status,
                      const std::vector<std::string>& advisories, ordered_json& level) {
  level["tcbDate"] = IntelTime(date);
  level["tcbStatus"] = std::string(ToString(status));
  if (!advisories.empty()) level["advisoryIDs"] = advisories;
}

inline ordered_json EncodeComponents(const TcbComponents& components) {
  ordered_json out = ordered_json::array();
  for (size_t i = 0; i < components.svns.size(); ++i) {
    ordered_json component = {{"svn", components.svns[i]}};
    if (!components.names[i].empty()) component["category"] = components.names[i];
    out.push_back(component);
  }
  return out;
}

inline ordered_json EncodeIsvLevels(const std::vector<IsvTcbLevel>& levels) {
  ordered_json out = ordered_json::array();
  for (const IsvTcbLevel& level : levels) {
    ordered_json entry = {{"tcb", {{"isvsvn", level.isv_svn}}}};
    PutStatus(level.date, level.status, level.advisory_ids, entry);
    out.push_back(entry);
  }
  return out;
}

inline ordered_json EncodeModule(const TdxModule& module) {
  return {{"mrsigner", ToHex(module.mr_signer)},
          {"attributes", ToHex(module.attributes)},
          {"attributesMask", ToHex(module.attributes_mask)}};
}

inline ordered_json EncodeTcbInfo(const TcbInfo& info) {
  ordered_json out = {{"id", info.id},
                      {"version", info.version},
                      {"issueDate", IntelTime(info.issue_date)},
                      {"nextUpdate", IntelTime(info.next_update)},
                      {"fmspc", ToHex(info.fmspc)},
                      {"pceId", ToHex(info.pce_id)},
                      {"tcbType", info.tcb_type},
                      {"tcbEvaluationDataNumber", info.tcb_evaluation_data_number}};
  if (info.module) out["tdxModule"] = EncodeModule(*info.module);
  for (const TdxModuleIdentity& identity : info.module_identities) {
    ordered_json entry = {{"id", identity.id}};
    entry.update(EncodeModule(identity.module));
    entry["tcbLevels"] = EncodeIsvLevels(identity.levels);
    out["tdxModuleIdentities"].push_back(entry);
  }
  out["tcbLevels"] = ordered_json::array();
  for (const TcbLevel& level : info.levels) {
    ordered_json tcb = {{"sgxtcbcomponents", EncodeComponents(level.sgx)},
                        {"pcesvn", level.pce_svn}};
    if (info.id == "TDX") tcb["tdxtcbcomponents"] = EncodeComponents(level.tdx);
    ordered_json entry = {{"tcb", tcb}};
    PutStatus(level.date, level.status, level.advisory_ids, entry);
    out["tcbLevels"].push_back(entry);
  }
  return out;
}

inline ordered_json EncodeQeIdentity(const QeIdentity& identity) {
  return {{"id", identity.id},
          {"version", identity.version},
          {"issueDate", IntelTime(identity.issue_date)},
          {"nextUpdate", IntelTime(identity.next_update)},
          {"tcbEvaluationDataNumber", identity.tcb_evaluation_data_number},
          {"miscselect", ToHex(identity.misc_select)},
          {"miscselectMask", ToHex(identity.misc_select_mask)},
          {"attributes", ToHex(identity.attributes)},
          {"attributesMask", ToHex(identity.attributes_mask)},
          {"mrsigner", ToHex(identity.mr_signer)},
          {"isvprodid", identity.isv_prod_id},
          {"tcbLevels", EncodeIsvLevels(identity.levels)}};
}

// {"`name`": `inner`, "signature": hex}, with the inner text untouched.
inline std::string WrapSigned(const std::string& name, const std::string& inner,
                              const ByteArray<64>& signature) {
  return "{\"" + name + "\":" + inner + ",\"signature\":\"" + ToHex(signature) + "\"}";
}

}  // namespace kedge::testing
