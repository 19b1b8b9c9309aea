// One function a command. They print their answer; errors are printed by the caller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/environment.h"

namespace kedge::cli {

struct PrepareOptions {
  std::string cluster;
  std::vector<std::string> images;     // reference-values.json files
  std::vector<std::string> tpm_roots;  // PEM files
  std::vector<std::string> evidence_levels = {"host-vtpm"};
  std::string first_node;
  std::string address;
  std::string gateway;
};
Status Prepare(const Environment& env, const Common& common, const PrepareOptions& options);

struct InitOptions {
  std::string endpoint;
  std::string hardware_id;  // hex; empty: any machine that the manifest and the invitation allow
};
Status Init(const Environment& env, const Common& common, const InitOptions& options);

struct InviteOptions {
  std::string node;
  std::string role = "worker";
  std::vector<std::string> endpoints;
  std::string address;
  std::string gateway;
  std::string output;  // empty: NODE.invitation.json in the workspace
};
Status Invite(const Environment& env, const Common& common, const InviteOptions& options);

struct StatusOptions {
  std::string endpoint;
};
Status ShowStatus(const Environment& env, const Common& common, const StatusOptions& options);

struct VerifyClusterOptions {
  std::string endpoint;
  // Empty: from the workspace's manifest.
  std::vector<std::string> references;
  std::vector<std::string> tpm_roots;
  std::vector<std::string> evidence_levels;
  std::string
      cluster_id;  // hex; empty: from the workspace's receipt, else learnt and shown as such
};
// PERMISSION_DENIED (after the table) where the cluster is not trusted.
Status VerifyCluster(const Environment& env, const Common& common,
                     const VerifyClusterOptions& options);

struct RecoverOptions {
  std::string endpoint;
};
Status Recover(const Environment& env, const Common& common, const RecoverOptions& options);

Status ShowVersion(const Environment& env, const Common& common);

}  // namespace kedge::cli
