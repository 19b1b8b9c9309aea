// kedge manifest sign: an owner's approval of an update, made where the key is, without a network.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/manifest.h"
#include "cli/outside_files.h"
#include "cli/seed.h"
#include "keyservice/core/manifest_update.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxSignatureFile = 256;

struct SignOptions {
  std::string file;
  bool prepare = false;
  std::string signature;
  std::string owner_key;
  std::string output;
};

Bytes MessageOf(const PreparedUpdate& update) {
  return UpdateMessage(update.step.previous, update.step.generation, update.step.manifest_digest);
}

StatusOr<OwnerProof> MakeApproval(const Workspace& workspace, const SignOptions& options,
                                  const PreparedUpdate& update) {
  if (options.signature.empty()) {
    ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
    return ApproveUpdate(update.step.previous, update.next, owner);
  }
  ASSIGN_OR_RETURN(const OwnerKey owner, LoadOwnerKey(options.owner_key));
  const StatusOr<Bytes> signature = ReadFileBounded(options.signature, kMaxSignatureFile);
  if (!signature.ok()) return BadFile(signature.status());
  return OwnerProof{.key_digest = owner.digest, .signature = *signature};
}

StatusOr<Answer> Sign(const Common& common, const SignOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const PreparedUpdate update, PrepareUpdate(workspace, options.file));
  Answer answer;
  answer.json = {{"generation", update.step.generation},
                 {"manifest_digest", ToHex(update.step.manifest_digest)},
                 {"file", options.output}};
  absl::StrAppend(&answer.text, "manifest     ", ToHex(update.step.manifest_digest),
                  ", generation ", update.step.generation, "\n");
  if (options.prepare) {
    RETURN_IF_ERROR(CreateFileAtomically(options.output, MessageOf(update), 0644));
    absl::StrAppend(&answer.text, "to sign      ", options.output,
                    ": ECDSA P-384 with SHA-384, signature in DER\n");
    return answer;
  }
  ASSIGN_OR_RETURN(const OwnerProof approval, MakeApproval(workspace, options, update));
  const std::vector<OwnerProof> approvals = {approval};
  ASSIGN_OR_RETURN(const ApprovalTally tally,
                   TallyApprovals(update.current, update.step, approvals));
  RETURN_IF_ERROR(CreateFileAtomically(options.output, PrintApprovals(approvals), 0644));
  answer.json["owner"] = tally.approved.front();
  absl::StrAppend(&answer.text, "approval     ", options.output, " of ", tally.approved.front(),
                  ": give it to `kedge manifest set --approval`\n");
  return answer;
}

}  // namespace

StatusOr<PreparedUpdate> PrepareUpdate(const Workspace& workspace, const std::string& path) {
  ASSIGN_OR_RETURN(Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(Manifest current, workspace.LoadManifestOf(receipt));
  if (current.digest() != receipt.latest.manifest_digest) {
    return Refused("MANIFEST_NOT_IN_FORCE", workspace.Path(kManifestFile) +
                                                " is not the manifest that the receipt names; "
                                                "`kedge status` fetches the one in force, if it "
                                                "is newer than the receipt");
  }
  ASSIGN_OR_RETURN(Manifest next, LoadManifestFile(path));
  RETURN_IF_ERROR(Annotate(CheckIsUpdate(current, next), path));
  const Transition step{.generation = next.generation(),
                        .manifest_digest = next.digest(),
                        .previous = TransitionHash(receipt.latest),
                        .signature = {}};
  return PreparedUpdate{.receipt = std::move(receipt),
                        .current = std::move(current),
                        .next = std::move(next),
                        .step = step};
}

void AddManifestSign(CLI::App& manifest, const Common& common, Call& call) {
  const auto options = std::make_shared<SignOptions>();
  CLI::App* sign = manifest.add_subcommand(
      "sign",
      "approve a manifest as an owner, without a network; for a key in an HSM in two steps");
  sign->add_option("FILE", options->file, "manifest.json of the next generation")->required();
  CLI::Option* prepare = sign->add_flag("--prepare", options->prepare,
                                        "write the bytes that the owner's key has to sign");
  CLI::Option* signature = sign->add_option("--signature", options->signature,
                                            "signature over these bytes, in DER, made elsewhere");
  CLI::Option* key = sign->add_option("--owner-key", options->owner_key,
                                      "public ECDSA P-384 key in PEM that made it");
  signature->needs(key)->excludes(prepare);
  key->needs(signature);
  sign->add_option("-o,--output", options->output, "file to write; must not exist")->required();
  sign->callback([&call, &common, options] {
    call = [&common, options](const Environment&) { return Sign(common, *options); };
  });
}

}  // namespace kedge::cli
