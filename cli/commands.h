// One function a command. They return their answer and print nothing but progress.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/environment.h"

namespace kedge::cli {

struct Answer {
  std::string text;             // for people, ends with a new line
  nlohmann::ordered_json json;  // the same for programs
  Status verdict;               // how the command ends once the answer is printed
};

struct PrepareOptions {
  std::string cluster;
  std::vector<std::string> images;     // reference-values.json files
  std::vector<std::string> tpm_roots;  // PEM files
  std::vector<std::string> evidence_levels = {"host-vtpm"};
  std::string first_node;
  std::string address;
  std::string gateway;
};
StatusOr<Answer> Prepare(const Environment& env, const Common& common,
                         const PrepareOptions& options);

struct InitOptions {
  std::string endpoint;
  std::string hardware_id;  // hex; empty: any machine that the manifest and the invitation allow
};
StatusOr<Answer> Init(const Environment& env, const Common& common, const InitOptions& options);

struct InviteOptions {
  std::string node;
  std::string role = "worker";
  std::vector<std::string> endpoints;
  std::string address;
  std::string gateway;
  std::string output;  // empty: NODE.invitation.json in the workspace
};
StatusOr<Answer> Invite(const Environment& env, const Common& common, const InviteOptions& options);

struct StatusOptions {
  std::string endpoint;
};
StatusOr<Answer> ShowStatus(const Environment& env, const Common& common,
                            const StatusOptions& options);

struct VerifyClusterOptions {
  std::string endpoint;
  // Empty: from the workspace's manifest.
  std::vector<std::string> references;
  std::vector<std::string> tpm_roots;
  std::vector<std::string> evidence_levels;
  std::string
      cluster_id;  // hex; empty: from the workspace's receipt, else learnt and shown as such
};
// The verdict is PERMISSION_DENIED where the cluster is not trusted.
StatusOr<Answer> VerifyCluster(const Environment& env, const Common& common,
                               const VerifyClusterOptions& options);

struct RecoverOptions {
  std::string endpoint;
  // The owner takes the coordinator's disk that shows this counter, though the receipt is newer.
  std::optional<uint64_t> accept_disk_counter;
};
StatusOr<Answer> Recover(const Environment& env, const Common& common,
                         const RecoverOptions& options);

// A registered node, and where its registry is.
struct NodeTarget {
  std::string endpoint;
  std::string name;
};
struct NodeRebindOptions {
  NodeTarget target;
  std::string identity;  // hex; empty with last_refused
  bool last_refused = false;
  std::string reason;
};
struct NodeRevokeOptions {
  NodeTarget target;
  std::string reason;
};
struct NodeAcceptDiskOptions {
  NodeTarget target;
  uint64_t counter = 0;
  std::string reason;
};
StatusOr<Answer> ListNodes(const Environment& env, const Common& common,
                           const std::string& endpoint);
StatusOr<Answer> ShowNode(const Environment& env, const Common& common, const NodeTarget& target);
StatusOr<Answer> RebindNode(const Environment& env, const Common& common,
                            const NodeRebindOptions& options);
StatusOr<Answer> RevokeNode(const Environment& env, const Common& common,
                            const NodeRevokeOptions& options);
StatusOr<Answer> AcceptDisk(const Environment& env, const Common& common,
                            const NodeAcceptDiskOptions& options);

Answer ShowVersion();

}  // namespace kedge::cli
