#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

constexpr int kMaxIntermediates = 16;

struct EkFiles {
  Bytes leaf;
  std::vector<Bytes> intermediates;
  Bytes anchor;
  std::string anchor_named_by;
};

// leaf.der, intermediate0.der and on, and root.der unless `root` names the anchor.
StatusOr<EkFiles> ReadFolder(const std::string& folder, const std::string& root) {
  EkFiles out;
  ASSIGN_OR_RETURN(out.leaf, ReadEvidenceFile(folder + "/leaf.der"));
  for (int i = 0; i < kMaxIntermediates; ++i) {
    ASSIGN_OR_RETURN(std::optional<Bytes> next,
                     ReadEvidenceFileIfThere(absl::StrCat(folder, "/intermediate", i, ".der")));
    if (next) out.intermediates.push_back(*std::move(next));
  }
  ASSIGN_OR_RETURN(out.anchor, ReadEvidenceFile(root.empty() ? folder + "/root.der" : root));
  out.anchor_named_by =
      root.empty() ? "the caller (root.der of the folder)" : "the caller (--root)";
  return out;
}

StatusOr<std::vector<Certificate>> Intermediates(const EkFiles& files) {
  std::vector<Certificate> out;
  for (const Bytes& der : files.intermediates) {
    ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromPemOrDer(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

struct EkResult {
  Verdict verdict;
  nlohmann::ordered_json claims;
};

EkResult VerifyEkFiles(const EkFiles& files, std::optional<absl::Time> at) {
  CheckList checks;
  const StatusOr<Certificate> leaf = Certificate::FromPemOrDer(files.leaf);
  const StatusOr<std::vector<Certificate>> intermediates = Intermediates(files);
  const StatusOr<Certificate> anchor = Certificate::FromPemOrDer(files.anchor);
  for (const Status& status : {leaf.status(), intermediates.status(), anchor.status()}) {
    if (!status.ok()) checks.Malformed("FORMAT", "certificates in DER or PEM", MessageOf(status));
  }
  nlohmann::ordered_json claims = nlohmann::ordered_json::object();
  if (leaf.ok() && intermediates.ok() && anchor.ok()) {
    checks.Pass("FORMAT", "certificates in DER or PEM",
                absl::StrCat(intermediates->size() + 2, " certificates"));
    claims = TpmCertificateJson(
        CheckTpmCertificate({*leaf, *intermediates, *anchor, files.anchor_named_by, at}, checks));
  }
  return {std::move(checks).Take(), std::move(claims)};
}

struct VerifyEkOptions {
  std::string folder;
  std::string root;
  std::string at;
};

StatusOr<Answer> RunVerifyEk(const Environment& env, const VerifyEkOptions& options) {
  absl::Time at = env.clock.Now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(at, ParseTime(options.at));
  }
  ASSIGN_OR_RETURN(const EkFiles files, ReadFolder(options.folder, options.root));
  const EkResult result = VerifyEkFiles(files, at);
  return VerdictAnswer(result.verdict, result.claims);
}

}  // namespace

StatusOr<BatchResult> VerifyEkCase(const BatchCase& batch_case) {
  ASSIGN_OR_RETURN(const EkFiles files, ReadFolder(batch_case.Path(), ""));
  EkResult result = VerifyEkFiles(files, batch_case.time);
  return BatchResult{std::move(result.verdict), std::move(result.claims)};
}

void AddVerifyEk(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyEkOptions>();
  CLI::App* command = verify.add_subcommand(
      "ek", "check the certificate of a TPM's endorsement or attestation key");
  command
      ->add_option("--dir", options->folder,
                   "folder with leaf.der, intermediate0.der and on, and root.der")
      ->required();
  command->add_option("--root", options->root, "the anchor, instead of the folder's root.der");
  command->add_option("--at", options->at, "time of the check, RFC 3339; default: now");
  command->callback([options, &call] {
    call = [options](const Environment& env) { return RunVerifyEk(env, *options); };
  });
}

}  // namespace kedge::cli
