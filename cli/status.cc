#include <absl/strings/str_cat.h>

#include <algorithm>

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

std::string DescribeCounter(const client::NodeRow& node) {
  std::string out = absl::StrCat(node.disk_counter);
  if (node.next_disk_counter != 0) absl::StrAppend(&out, " or ", node.next_disk_counter);
  if (node.disk_accepted) absl::StrAppend(&out, " (accepted)");
  return out;
}

std::string WarningsText(const client::ServiceStatus& status) {
  std::string out;
  for (const client::NodeRow& node : status.nodes) {
    if (!node.warning.empty()) {
      absl::StrAppend(&out, "WARNING      ", node.name, ": ", node.warning, "\n");
    }
  }
  return out;
}

std::string NodesText(const client::ServiceStatus& status, const Receipt& receipt) {
  Table table({"NODE", "ROLE", "STATE", "IMAGE", "CLUSTERID (PCR 15)", "DISK", "COUNTER",
               "IDENTITY", "EVIDENCE", "VERDICT", "LAST SEEN"});
  const std::string expected = ExpectedPcr15(receipt);
  bool host_run = false;
  for (const client::NodeRow& node : status.nodes) {
    table.Add({node.name, node.role, node.state, node.image, DescribePcr15(node, expected),
               node.disk, DescribeCounter(node), DescribeIdentity(node), node.evidence_level,
               node.verdict, node.last_seen});
    host_run = host_run || node.evidence_level == ToString(EvidenceLevel::kHostVtpm);
  }
  if (status.nodes.empty()) return "no nodes known yet\n";
  return table.Print() + (host_run ? std::string(kNotConfidential) + "\n" : "");
}

std::string RefusalsText(const client::ServiceStatus& status) {
  if (status.refusals.empty()) return "no refusals\n";
  const size_t shown = std::min(kShownRefusals, status.refusals.size());
  std::string out = "refusals, newest last";
  if (shown < status.refusals.size()) {
    absl::StrAppend(&out, " (", shown, " of ", status.refusals.size(), "; all with --json)");
  }
  Table table({"TIME", "NODE", "CODE", "TIMES", "CORRELATION ID", "REASON"});
  for (size_t i = status.refusals.size() - shown; i < status.refusals.size(); ++i) {
    const client::RefusalRow& refusal = status.refusals[i];
    table.Add({refusal.time, refusal.node, refusal.code, absl::StrCat(refusal.count),
               refusal.correlation_id, refusal.reason});
  }
  return out + "\n" + table.Print();
}

// What the owner must do before the service serves.
Status Waiting(const client::ServiceStatus& status) {
  if (status.phase == "SERVING") return absl::OkStatus();
  const bool seed = status.phase == "AWAITING_SEED";
  return MakeFault(StatusCode::kUnavailable, status.phase, Advice::kAskOperator,
                   seed ? "the key service waits for its seed: run `kedge recover`"
                        : "the key service waits for its first manifest: run `kedge init`");
}

}  // namespace

StatusOr<Answer> ShowStatus(const Environment& env, const Common& common,
                            const StatusOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifestOf(receipt));
  ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
  ASSIGN_OR_RETURN(client::ServicePolicy policy,
                   client::PolicyOf(manifest, BootPhase::kAny, {receipt.cluster_id}));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);
  Progress(env, "asking the key service at " + options.endpoint);
  StatusOr<client::ServiceStatus> asked = service.GetStatus(client::PinsOf(receipt), owner, policy);
  if (FaultCode(asked.status()) == "NOT_SERVING") {
    Progress(env, "it holds no cluster key yet; asking what it waits for");
    policy.cluster_ids.insert(policy.cluster_ids.begin(), std::nullopt);
    asked = service.GetStatus({}, owner, policy);
  }
  ASSIGN_OR_RETURN(const client::ServiceStatus status, std::move(asked));

  Answer answer;
  answer.json = nlohmann::ordered_json::parse(status.json);
  answer.json["machine"] = MachineJson(status.service);
  answer.verdict = Waiting(status);
  absl::StrAppend(&answer.text, "cluster      ", manifest.cluster(), ", manifest generation ",
                  status.manifest_generation, "\n",                  //
                  "cluster id   ", ToHex(receipt.cluster_id), "\n",  //
                  "key service  ", status.node, ": ", status.phase, ", ",
                  DescribeMachine(status.service), "\n", ConfidentialityLine(status.service));
  if (answer.verdict.ok() && !status.store_attached) {
    absl::StrAppend(&answer.text, "             its records are not open yet: only ", status.node,
                    " is served for now\n");
  }
  if (!status.problem.empty()) {
    absl::StrAppend(&answer.text, "PROBLEM      ", status.problem, ": nothing is released\n");
  }
  if (status.receipt) {
    ASSIGN_OR_RETURN(const bool kept,
                     workspace.KeepState(*status.receipt, status.service.manifest));
    if (kept) {
      absl::StrAppend(&answer.text, "receipt      fresher: generation ",
                      status.receipt->latest.generation, ", ", status.node, "'s disk at counter ",
                      status.receipt->coordinator_disk_counter, "\n");
    }
  }
  if (status.pending) {
    absl::StrAppend(&answer.text, "update       ", DescribeUpdate(*status.pending), "\n");
  }
  absl::StrAppend(&answer.text, WarningsText(status));
  absl::StrAppend(&answer.text, "\n", NodesText(status, receipt), "\n", RefusalsText(status));
  return answer;
}

}  // namespace kedge::cli
