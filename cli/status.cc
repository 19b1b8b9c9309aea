#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "cli/commands.h"
#include "cli/show.h"
#include "cli/table.h"

namespace kedge::cli {
namespace {

constexpr size_t kShownRefusals = 10;

// PCR 15 of a node that has measured this cluster's id and nothing else.
std::string ExpectedPcr15(const Receipt& receipt) {
  const MeasuredEvent event = ClusterIdEvent(receipt.cluster_id);
  return ToHex(ExtendedPcr(PcrBank::kSha256, ZeroPcr(PcrBank::kSha256), event.content));
}

std::string DescribeIdentity(const client::NodeRow& node) {
  return absl::StrCat(node.identity_kind, " ", Short(node.identity),
                      node.host_controlled ? " (host-controlled)" : "");
}

std::string DescribePcr15(const client::NodeRow& node, const std::string& expected) {
  if (node.pcr15.empty()) return "";
  return Short(node.pcr15) + (node.pcr15 == expected ? "" : " OTHER CLUSTER");
}

void PrintNodes(const Environment& env, const client::ServiceStatus& status,
                const Receipt& receipt) {
  Table table({"NODE", "ROLE", "STATE", "IMAGE", "CLUSTERID (PCR 15)", "DISK", "IDENTITY",
               "EVIDENCE", "VERDICT", "LAST SEEN"});
  const std::string expected = ExpectedPcr15(receipt);
  std::set<std::string> notes;
  for (const client::NodeRow& node : status.nodes) {
    table.Add({node.name, node.role, node.state, node.image, DescribePcr15(node, expected),
               node.disk, DescribeIdentity(node), node.evidence_level, node.verdict,
               node.last_seen});
    notes.insert(NotConfidential(node.evidence_level));
  }
  env.out << table.Print();
  for (const std::string& note : notes) {
    if (!note.empty()) env.out << note << "\n";
  }
}

void PrintRefusals(const Environment& env, const client::ServiceStatus& status) {
  if (status.refusals.empty()) {
    env.out << "\nno refusals\n";
    return;
  }
  const size_t shown = std::min(kShownRefusals, status.refusals.size());
  env.out << "\nrefusals, newest last";
  if (shown < status.refusals.size()) {
    env.out << " (" << shown << " of " << status.refusals.size() << "; all with --json)";
  }
  env.out << "\n";
  Table table({"TIME", "NODE", "CODE", "TIMES", "CORRELATION ID", "REASON"});
  for (size_t i = status.refusals.size() - shown; i < status.refusals.size(); ++i) {
    const client::RefusalRow& refusal = status.refusals[i];
    table.Add({refusal.time, refusal.node, refusal.code, absl::StrCat(refusal.count),
               refusal.correlation_id, refusal.reason});
  }
  env.out << table.Print();
}

}  // namespace

Status ShowStatus(const Environment& env, const Common& common, const StatusOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifest());
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
  ASSIGN_OR_RETURN(const client::ServicePolicy policy,
                   client::PolicyOf(manifest, BootPhase::kAny, {receipt.cluster_id}));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);
  Progress(env, "asking the key service at " + options.endpoint);
  ASSIGN_OR_RETURN(const client::ServiceStatus status, service.GetStatus(receipt, owner, policy));

  if (common.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(status.json);
    json["machine"] = MachineJson(status.service);
    env.out << json.dump(2) << "\n";
    return absl::OkStatus();
  }
  env.out << "cluster      " << status.cluster << ", manifest generation "
          << status.manifest_generation << "\n"
          << "cluster id   " << status.cluster_id << "\n"
          << "key service  " << status.node << ": " << status.phase << ", "
          << DescribeMachine(status.service) << "\n";
  if (!status.store_attached) {
    env.out << "             its records are not open yet: only " << status.node
            << " is served for now\n";
  }
  if (!status.problem.empty()) {
    env.out << "PROBLEM      " << status.problem << ": nothing is released\n";
  }
  env.out << "\n";
  PrintNodes(env, status, receipt);
  PrintRefusals(env, status);
  return absl::OkStatus();
}

}  // namespace kedge::cli
