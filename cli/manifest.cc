// kedge manifest diff and explain; the other commands have files of their own.
#include "cli/manifest.h"

#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/seed.h"
#include "keyservice/core/manifest_explain.h"
#include "keyservice/core/manifest_lint.h"
#include "proto/wire/manifest.h"

namespace kedge::cli {
namespace {

struct DiffOptions {
  std::string from;
  std::string to;
};

StatusOr<Answer> Diff(const DiffOptions& options) {
  ASSIGN_OR_RETURN(const Manifest from, LoadManifestFile(options.from));
  ASSIGN_OR_RETURN(const Manifest to, LoadManifestFile(options.to));
  Answer answer;
  answer.json = {{"from", ToHex(from.digest())},
                 {"to", ToHex(to.digest())},
                 {"changes", nlohmann::ordered_json::array()}};
  for (const ManifestChange& change : DiffManifests(from, to)) {
    const std::string effect(ToString(change.effect));
    answer.json["changes"].push_back(
        {{"effect", effect}, {"where", change.where}, {"what", change.what}});
    absl::StrAppend(&answer.text, effect, "  ", change.where, ": ", change.what, "\n");
  }
  if (answer.text.empty()) answer.text = "both say the same\n";
  return answer;
}

StatusOr<Answer> Explain(const std::string& path) {
  ASSIGN_OR_RETURN(const Manifest manifest, LoadManifestFile(path));
  Answer answer;
  answer.json = {{"cluster", manifest.cluster()},
                 {"generation", manifest.generation()},
                 {"digest", ToHex(manifest.digest())},
                 {"parties", nlohmann::ordered_json::array()}};
  absl::StrAppend(&answer.text, "manifest ", ToHex(manifest.digest()), " of cluster ",
                  manifest.cluster(), ", generation ", manifest.generation(), "\n");
  for (const PowerStatement& party : ExplainManifest(manifest)) {
    answer.json["parties"].push_back(
        {{"who", party.who}, {"can", party.can}, {"cannot", party.cannot}});
    absl::StrAppend(&answer.text, "\n", party.who, "\n");
    for (const std::string& power : party.can) absl::StrAppend(&answer.text, "  can ", power, "\n");
    for (const std::string& limit : party.cannot) {
      absl::StrAppend(&answer.text, "  cannot ", limit, "\n");
    }
  }
  return answer;
}

}  // namespace

StatusOr<Manifest> LoadManifestFile(const std::string& path) {
  const StatusOr<Bytes> file = ReadFileBounded(path, kMaxManifestSize);
  if (!file.ok()) return BadFile(file.status());
  StatusOr<Manifest> manifest = wire::ParseManifest(*file);
  if (!manifest.ok()) return Annotate(manifest.status(), path);
  return manifest;
}

void AddManifest(CLI::App& app, const Common& common, Call& call) {
  CLI::App* manifest = app.add_subcommand(
      "manifest", "make, judge, compare and explain manifests; sign one and put it in force");
  manifest->require_subcommand(1);
  AddManifestInit(*manifest, call);
  AddManifestLint(*manifest, common, call);
  AddManifestSign(*manifest, common, call);
  AddManifestSet(*manifest, common, call);
  AddManifestCancel(*manifest, common, call);

  const auto compared = std::make_shared<DiffOptions>();
  CLI::App* diff =
      manifest->add_subcommand("diff", "show what another manifest accepts more or less");
  diff->add_option("FROM", compared->from, "manifest.json")->required();
  diff->add_option("TO", compared->to, "the other manifest.json")->required();
  diff->callback(
      [&call, compared] { call = [compared](const Environment&) { return Diff(*compared); }; });

  const auto explained = std::make_shared<std::string>();
  CLI::App* explain = manifest->add_subcommand("explain", "say who can do and derive what");
  explain->add_option("FILE", *explained, "manifest.json")->required();
  explain->callback([&call, explained] {
    call = [explained](const Environment&) { return Explain(*explained); };
  });
}

}  // namespace kedge::cli
