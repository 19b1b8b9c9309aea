#include "cli/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/disk.h"
#include "cli/evidence_commands.h"
#include "cli/manifest.h"
#include "cli/seed.h"
#include "cli/seed_shares.h"
#include "cli/verdict_files.h"
#include "keyservice/core/node_registry.h"

namespace kedge::cli {
namespace {

constexpr char kDescription[] =
    "kedge: the owner's command for clusters of measured machines.\n\n"
    "A workspace (--workspace) holds the owner's keys, the manifest, and what a cluster gave back. "
    "Start with `kedge prepare`.";
constexpr char kFooter[] =
    "Exit codes: 0 good; 1 refused or not trusted; 2 bad usage or a bad file; 3 nobody answers; "
    "4 waiting for an owner (init or recover); 5 internal error.";
constexpr char kEndpointHelp[] = "key service, HOST:PORT; for reachability only, never trusted";
constexpr char kAddressHelp[] = "static IPv4 address/prefix of the node; without it DHCP";

struct Options {
  Common common;
  PrepareOptions prepare;
  InitOptions init;
  InviteOptions invite;
  StatusOptions status;
  VerifyClusterOptions verify;
  VerdictFileOptions verdict_files;
  RecoverOptions recover;
  ShareFiles recover_shares;
  NodeTarget node;
  NodeRebindOptions rebind;
  NodeRevokeOptions revoke;
  NodeAcceptDiskOptions accept;
};

void AddPrepare(CLI::App& app, Options& o, Call& call) {
  CLI::App* command = app.add_subcommand(
      "prepare", "make owner key, seed-share key, manifest, and the first node's invitation");
  command->add_option("--cluster", o.prepare.cluster, "name of the cluster")->required();
  command->add_option("--image", o.prepare.images, "reference-values.json of an accepted image")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("--tpm-root", o.prepare.tpm_roots,
                   "PEM certificate of an authority for TPMs (its EK certificates)")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("--evidence-level", o.prepare.evidence_levels,
                   "accepted evidence: tee-measured, tee-vtpm, host-vtpm (not confidential)")
      ->capture_default_str();
  command->add_option("--first-node", o.prepare.first_node, "name of the first control plane")
      ->required();
  command->add_option("--address", o.prepare.address, kAddressHelp);
  command->add_option("--gateway", o.prepare.gateway, "IPv4 gateway; needs --address");
  command->callback(
      [&] { call = [&o](const Environment& env) { return Prepare(env, o.common, o.prepare); }; });
}

void AddInit(CLI::App& app, Options& o, Call& call) {
  CLI::App* command = app.add_subcommand(
      "init", "check the first machine's evidence, then make the cluster inside it");
  command->add_option("--endpoint", o.init.endpoint, kEndpointHelp)->required();
  command->add_option("--hardware-id", o.init.hardware_id,
                      "hardware identity that the machine must have (hex)");
  command->callback(
      [&] { call = [&o](const Environment& env) { return Init(env, o.common, o.init); }; });
}

void AddInvite(CLI::App& app, Options& o, Call& call) {
  CLI::App* command = app.add_subcommand("invite", "sign an invitation for one more node");
  command->add_option("--node", o.invite.node, "name of the node")->required();
  command->add_option("--role", o.invite.role, "role of the node")->capture_default_str();
  command->add_option("--endpoint", o.invite.endpoints, "key service for the node, HOST:PORT")
      ->required();
  command->add_option("--address", o.invite.address, kAddressHelp);
  command->add_option("--gateway", o.invite.gateway, "IPv4 gateway; needs --address");
  command->add_option("-o,--output", o.invite.output,
                      "file to write; NODE.invitation.json in the workspace by default");
  command->callback(
      [&] { call = [&o](const Environment& env) { return Invite(env, o.common, o.invite); }; });
}

void AddStatus(CLI::App& app, Options& o, Call& call) {
  CLI::App* command = app.add_subcommand(
      "status", "show nodes, verdicts and refusals, as the key service has them");
  command->add_option("--endpoint", o.status.endpoint, kEndpointHelp)->required();
  command->callback(
      [&] { call = [&o](const Environment& env) { return ShowStatus(env, o.common, o.status); }; });
}

void AddVerifyCluster(CLI::App& verify, Options& o, Call& call) {
  CLI::App* command = verify.add_subcommand(
      "cluster", "check base measurements and cluster id with a fresh nonce; needs no key");
  command->add_option("--endpoint", o.verify.endpoint, kEndpointHelp)->required();
  command
      ->add_option("--reference", o.verify.references,
                   "reference-values.json of an accepted image; default: the manifest's")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--tpm-root", o.verify.tpm_roots,
                   "PEM certificate of an authority for TPMs; default: the manifest's")
      ->check(CLI::ExistingFile);
  command->add_option("--evidence-level", o.verify.evidence_levels,
                      "accepted evidence level; default: the manifest's");
  command->add_option("--cluster-id", o.verify.cluster_id,
                      "the cluster that it must be (hex); default: the receipt's, else learnt");
  command->callback([&] {
    call = [&o](const Environment& env) { return VerifyCluster(env, o.common, o.verify); };
  });
}

void AddVerify(CLI::App& app, Options& o, Call& call) {
  CLI::App* verify = app.add_subcommand("verify", "check a cluster, or evidence in files");
  verify->require_subcommand(1);
  AddVerdictFileOptions(*verify, o.verdict_files);
  AddVerifyCluster(*verify, o, call);
  AddVerifyEvidence(*verify, o.common, call);
}

void AddParse(CLI::App& app, Call& call) {
  CLI::App* parse = app.add_subcommand("parse", "show every field of evidence in a file");
  parse->require_subcommand(1);
  AddParseEvidence(*parse, call);
}

void AddCollateralCommands(CLI::App& app, Call& call) {
  CLI::App* collateral = app.add_subcommand(
      "collateral", "fetch, keep and bundle what manufacturers publish about their platforms");
  collateral->require_subcommand(1);
  AddCollateral(*collateral, call);
}

void AddRecover(CLI::App& app, Options& o, Call& call) {
  CLI::App* command = app.add_subcommand(
      "recover", "after an outage of all control planes: hand the seed to the checked coordinator");
  command->add_option("--endpoint", o.recover.endpoint, kEndpointHelp)->required();
  command
      ->add_option("--accept-disk-counter", o.recover.accept_disk_counter,
                   "take the coordinator's disk that shows this counter for the newest one, "
                   "although the receipt knows of a newer; what was written since is lost")
      ->check(CLI::Range(uint64_t{0}, kMaxDiskCounter));
  CLI::Option* share = command->add_option(
      "--share", o.recover_shares.shares,
      "threshold share; once for each, as many as it takes; default: the workspace's seed share");
  CLI::Option* key = command->add_option("--share-key", o.recover_shares.keys,
                                         "private RSA key in PEM that opens one of them");
  share->needs(key);
  key->needs(share);
  command->callback([&] {
    call = [&o](const Environment& env) {
      return o.recover_shares.shares.empty()
                 ? Recover(env, o.common, o.recover)
                 : RecoverWithShares(env, o.common, o.recover, o.recover_shares);
    };
  });
}

CLI::App* AddNodeCommand(CLI::App& node, const char* name, const char* help, NodeTarget& target) {
  CLI::App* command = node.add_subcommand(name, help);
  command->add_option("NAME", target.name, "name of the node")->required();
  command->add_option("--endpoint", target.endpoint, kEndpointHelp)->required();
  return command;
}

void AddNode(CLI::App& app, Options& o, Call& call) {
  CLI::App* node = app.add_subcommand("node", "show registered nodes, and order about them");
  node->require_subcommand(1);

  CLI::App* list = node->add_subcommand("list", "show every registered node, one a line");
  list->add_option("--endpoint", o.node.endpoint, kEndpointHelp)->required();
  list->callback([&] {
    call = [&o](const Environment& env) { return ListNodes(env, o.common, o.node.endpoint); };
  });
  AddNodeCommand(*node, "show", "show one node, with what owners ordered about it", o.node)
      ->callback(
          [&] { call = [&o](const Environment& env) { return ShowNode(env, o.common, o.node); }; });

  CLI::App* rebind = AddNodeCommand(
      *node, "rebind", "give a node's name and disk to another machine", o.rebind.target);
  rebind->add_option("--identity", o.rebind.identity, "hardware identity of the machine (hex)");
  rebind->add_flag("--last-refused", o.rebind.last_refused,
                   "the machine that was last refused under this name, as `node show` has it");
  rebind->add_option("--reason", o.rebind.reason, "kept for the owners");
  rebind->callback(
      [&] { call = [&o](const Environment& env) { return RebindNode(env, o.common, o.rebind); }; });

  CLI::App* revoke = AddNodeCommand(*node, "revoke",
                                    "refuse a node's machine from now on, for ever, under any name",
                                    o.revoke.target);
  revoke->add_option("--reason", o.revoke.reason, "kept for the owners")->required();
  revoke->callback(
      [&] { call = [&o](const Environment& env) { return RevokeNode(env, o.common, o.revoke); }; });

  CLI::App* accept =
      AddNodeCommand(*node, "accept-disk",
                     "take a disk that was refused as stale for the node's disk", o.accept.target);
  accept
      ->add_option("--counter", o.accept.counter,
                   "counter that the disk shows, as the refusal in `status` names it")
      ->required();
  accept->add_option("--reason", o.accept.reason, "kept for the owners");
  accept->callback(
      [&] { call = [&o](const Environment& env) { return AcceptDisk(env, o.common, o.accept); }; });
}

nlohmann::ordered_json ErrorJson(const Status& status) {
  return {{"error",
           {{"code", FaultCode(status)},
            {"message", MessageOf(status)},
            {"exit_code", static_cast<int>(ExitCodeOf(status))}}}};
}

// One answer or one error on stdout with --json; without it errors go to stderr alone.
ExitCode Print(const Environment& env, bool json, const StatusOr<Answer>& answer) {
  const Status& status = answer.ok() ? answer->verdict : answer.status();
  if (json) {
    // A path need not be UTF-8; a document has to be.
    env.out << (answer.ok() ? answer->json : ErrorJson(status))
                   .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
            << "\n";
  } else if (answer.ok()) {
    env.out << answer->text << std::flush;
  }
  if (!status.ok()) {
    env.err << "kedge: " << MessageOf(status) << " [" << FaultCode(status) << "]\n";
  }
  return ExitCodeOf(status);
}

}  // namespace

ExitCode Run(std::vector<std::string> arguments, const Environment& env) {
  Options options;
  Call call;
  CLI::App app(kDescription, "kedge");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--workspace", options.common.workspace, "folder of the owner's files")
      ->envname("KEDGE_WORKSPACE")
      ->capture_default_str();
  app.add_flag("--json", options.common.json, "print one JSON document instead of text");
  app.add_option("--timeout", options.common.timeout_seconds,
                 "seconds to go on while nobody answers")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  AddPrepare(app, options, call);
  AddInit(app, options, call);
  AddInvite(app, options, call);
  AddStatus(app, options, call);
  AddVerify(app, options, call);
  AddExplain(app, call);
  AddEventLog(app, call);
  AddParse(app, call);
  AddCollateralCommands(app, call);
  AddRecover(app, options, call);
  AddNode(app, options, call);
  AddDisk(app, call);
  AddSeed(app, options.common, call);
  AddManifest(app, options.common, call);
  app.add_subcommand("version", "print the version")->callback([&] {
    call = [](const Environment&) { return ShowVersion(); };
  });

  // CLI11 takes the arguments from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, env.out, env.err);
    return code == 0 ? ExitCode::kGood : ExitCode::kMalformed;
  }
  StatusOr<Answer> answer = call(env);
  if (answer.ok()) {
    const Status written =
        WriteVerdictFiles(options.verdict_files, env, options.common, arguments, *answer);
    if (!written.ok()) answer = written;
  }
  return Print(env, options.common.json, answer);
}

}  // namespace kedge::cli
