#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/signed_verdict.h"
#include "cli/verdict_document.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

struct VerifyVerdictOptions {
  std::string file;
  std::string key;
};

StatusOr<VerifyKey> KeyOf(const VerifyVerdictOptions& options, const Common& common) {
  if (options.key.empty()) {
    ASSIGN_OR_RETURN(const SigningKey owner, common.OpenWorkspace().OwnerKey());
    return owner.public_key();
  }
  ASSIGN_OR_RETURN(const Bytes pem, ReadEvidenceFile(options.key));
  StatusOr<VerifyKey> key = VerifyKey::FromPem(AsText(pem));
  if (!key.ok()) return Annotate(key.status(), options.key);
  return key;
}

StatusOr<Answer> RunVerifyVerdict(const VerifyVerdictOptions& options, const Common& common) {
  ASSIGN_OR_RETURN(const VerifyKey key, KeyOf(options, common));
  ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(options.file, 2 * kMaxVerdictDocument));
  ASSIGN_OR_RETURN(nlohmann::ordered_json content, OpenSignedVerdict(file, key));
  ASSIGN_OR_RETURN(VerdictDocument document, VerdictDocumentOf(content));
  Answer answer = VerdictAnswer({document.outcome, std::move(document.checks)}, document.claims);
  answer.text = absl::StrCat("signed by the key given, made at ", content["made_at"].dump(), " by ",
                             content["program"].dump(), "\n\n", answer.text);
  answer.json = std::move(content);
  return answer;
}

}  // namespace

void AddVerifyVerdict(CLI::App& verify, const Common& common, Call& call) {
  const auto options = std::make_shared<VerifyVerdictOptions>();
  CLI::App* command =
      verify.add_subcommand("verdict", "check a signed verdict, and show what it says");
  command->footer(
      "Ends as the verdict that was signed: 0 trusted, 1 not trusted, 2 malformed evidence. It "
      "shows who verified what and when; it asks nobody whether that still holds.");
  command->add_option("FILE", options->file, "what `kedge verify … --sign FILE` wrote")->required();
  command->add_option("--key", options->key,
                      "public key of whoever signed, PEM; default: the workspace's owner key");
  command->callback([options, &common, &call] {
    call = [options, &common](const Environment&) { return RunVerifyVerdict(*options, common); };
  });
}

}  // namespace kedge::cli
