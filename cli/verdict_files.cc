#include "cli/verdict_files.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/host/files.h"
#include "cli/evidence_files.h"
#include "cli/html_report.h"
#include "cli/signed_verdict.h"
#include "cli/verdict_document.h"
#include "crypto/digest.h"

namespace kedge::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxInputs = 256;

StatusOr<VerdictInput> InputOf(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(path, kMaxVerdictDocument));
  return VerdictInput{path, ToHex(Sha256(file))};
}

// The files that arguments name, and those in the folders that they name, each once. Never the
// workspace: it holds keys.
StatusOr<std::vector<VerdictInput>> InputsOf(const std::vector<std::string>& arguments,
                                             const VerdictFileOptions& written,
                                             const std::string& workspace) {
  std::set<std::string> paths;
  for (const std::string& argument : arguments) {
    // --option=FILE
    const size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
    const std::string path = equals == std::string::npos ? argument : argument.substr(equals + 1);
    if (path.empty() || path == written.html || path == written.signed_verdict) continue;
    std::error_code error;
    if (fs::equivalent(path, workspace, error)) continue;
    if (fs::is_regular_file(path, error)) paths.insert(path);
    if (!fs::is_directory(path, error)) continue;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) paths.insert(entry->path().string());
    }
  }
  if (paths.size() > kMaxInputs) {
    return MakeError(StatusCode::kInvalidArgument, "--sign: more than 256 files of evidence");
  }
  std::vector<VerdictInput> out;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(out.emplace_back(), InputOf(path));
  }
  return out;
}

}  // namespace

void AddVerdictFileOptions(CLI::App& verify, VerdictFileOptions& options) {
  verify.add_option("--html", options.html,
                    "also write the verdict as one page for a browser, complete in itself");
  verify.add_option(
      "--sign", options.signed_verdict,
      "also write the verdict signed with the workspace's owner key, for `kedge verify "
      "verdict`");
}

Status WriteVerdictFiles(const VerdictFileOptions& options, const Environment& env,
                         const Common& common, const std::vector<std::string>& arguments,
                         const Answer& answer) {
  if (options.html.empty() && options.signed_verdict.empty()) return absl::OkStatus();
  const StatusOr<VerdictDocument> document = VerdictDocumentOf(answer.json);
  if (!document.ok()) {
    return MakeError(StatusCode::kInvalidArgument,
                     "--html and --sign need a command with a verdict about one piece of evidence");
  }
  const absl::Time now = env.clock.Now();
  if (!options.html.empty()) {
    const std::string page =
        HtmlReport(*document, absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone()));
    RETURN_IF_ERROR(WriteFileAtomically(options.html, AsBytes(page), 0644));
  }
  if (!options.signed_verdict.empty()) {
    ASSIGN_OR_RETURN(const SigningKey key, common.OpenWorkspace().OwnerKey());
    ASSIGN_OR_RETURN(std::vector<VerdictInput> inputs,
                     InputsOf(arguments, options, common.workspace));
    const std::string program = "kedge " + ShowVersion().json.at("version").get<std::string>();
    ASSIGN_OR_RETURN(const std::string envelope,
                     SignVerdict(answer.json, {now, program, arguments, std::move(inputs)}, key));
    RETURN_IF_ERROR(WriteFileAtomically(options.signed_verdict, AsBytes(envelope), 0644));
  }
  return absl::OkStatus();
}

}  // namespace kedge::cli
