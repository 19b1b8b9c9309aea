// kedge collateral: fetch what Intel publishes about a platform, keep it, and write it down for
// machines that cannot ask.
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "attestation/collateral/curl_http.h"
#include "attestation/collateral/intel_pcs.h"
#include "attestation/parse/tdx_quote.h"
#include "base/host/files.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/table.h"

namespace kedge::cli {
namespace {

using collateral::FetchedTdxCollateral;
using collateral::Kept;

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;

struct CollateralOptions {
  std::string cache;
  std::string quote;
  std::string output;
  std::string pcs;
  std::string root_crl;
  std::string ca_file;
  bool offline = false;
};

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

StatusOr<FetchedTdxCollateral> Fetch(const Environment& env, const CollateralOptions& options,
                                     ByteView quote) {
  ASSIGN_OR_RETURN(const collateral::TdxPlatform platform, collateral::TdxPlatformOf(quote));
  const auto http = collateral::MakeCurlHttp({.ca_file = options.ca_file});
  collateral::Store store({.folder = options.cache, .offline = options.offline}, *http, env.clock,
                          env.random);
  collateral::IntelPcsAddresses addresses;
  if (!options.pcs.empty()) addresses.base = options.pcs;
  if (!options.root_crl.empty()) addresses.root_crl = options.root_crl;
  collateral::IntelPcs pcs(store, IntelSgxRootPins(), addresses);
  Progress(env, absl::StrCat("collateral of FMSPC ", ToHex(platform.fmspc), " from ",
                             options.offline ? options.cache : addresses.base));
  return pcs.Get(platform);
}

void Describe(const FetchedTdxCollateral& fetched, Answer& answer) {
  Table table({"SUBJECT", "EDITION", "ISSUED", "NEXT UPDATE", "FETCHED", "RENEWAL"});
  answer.json["documents"] = nlohmann::ordered_json::array();
  for (const Kept& kept : fetched.documents) {
    const std::string renewal = kept.renewal.ok() ? "" : MessageOf(kept.renewal);
    table.Add({kept.facts.subject, ToHex(kept.facts.edition), TimeText(kept.facts.issued),
               TimeText(kept.facts.next_update), TimeText(kept.document.fetched), renewal});
    answer.json["documents"].push_back({{"subject", kept.facts.subject},
                                        {"url", kept.document.url},
                                        {"edition", ToHex(kept.facts.edition)},
                                        {"issued", TimeText(kept.facts.issued)},
                                        {"next_update", TimeText(kept.facts.next_update)},
                                        {"fetched", TimeText(kept.document.fetched)},
                                        {"renewal", renewal}});
  }
  absl::StrAppend(&answer.text, table.Print());
}

StatusOr<Answer> FetchCollateral(const Environment& env, const CollateralOptions& options) {
  ASSIGN_OR_RETURN(const Bytes quote, ReadEvidenceFile(options.quote));
  ASSIGN_OR_RETURN(const FetchedTdxCollateral fetched, Fetch(env, options, quote));
  Answer answer;
  Describe(fetched, answer);
  return answer;
}

// The layout that `kedge verify tdx --collateral` reads.
StatusOr<Answer> BundleCollateral(const Environment& env, const CollateralOptions& options) {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadEvidenceFile(options.quote));
  ASSIGN_OR_RETURN(const TdxQuote quote, ParseTdxQuote(bytes));
  ASSIGN_OR_RETURN(const FetchedTdxCollateral fetched, Fetch(env, options, bytes));
  RETURN_IF_ERROR(MakeFolders(options.output, kFolderMode));
  const TdxCollateralFiles& files = fetched.files;
  const std::pair<const char*, const Bytes*> named[] = {
      {"pck_chain.pem", &quote.pck_chain_pem},
      {"root_ca.pem", &files.root_ca_pem},
      {"pck_crl.der", &files.pck_crl},
      {"root_crl.der", &files.root_crl},
      {"tcb_info.json", &files.tcb_info_json},
      {"tcb_chain.pem", &files.tcb_chain_pem},
      {"qe_identity.json", &files.qe_identity_json},
      {"qe_chain.pem", &files.qe_chain_pem}};
  for (const auto& [name, content] : named) {
    RETURN_IF_ERROR(
        WriteFileAtomically(absl::StrCat(options.output, "/", name), *content, kFileMode));
  }
  Answer answer;
  Describe(fetched, answer);
  absl::StrAppend(&answer.text, "\nwritten to ", options.output, "\n");
  answer.json["folder"] = options.output;
  return answer;
}

StatusOr<Answer> ShowCollateral(const Environment& env, const CollateralOptions& options) {
  const auto http = collateral::MakeCurlHttp({});
  const collateral::Store store({.folder = options.cache, .offline = true}, *http, env.clock,
                                env.random);
  ASSIGN_OR_RETURN(const std::vector<collateral::Document> documents, store.List());
  Answer answer;
  Table table({"FETCHED", "BYTES", "ADDRESS"});
  answer.json["documents"] = nlohmann::ordered_json::array();
  for (const collateral::Document& document : documents) {
    table.Add({TimeText(document.fetched), absl::StrCat(document.body.size()), document.url});
    answer.json["documents"].push_back({{"url", document.url},
                                        {"fetched", TimeText(document.fetched)},
                                        {"bytes", document.body.size()}});
  }
  answer.text = table.Print();
  return answer;
}

void AddCache(CLI::App& command, CollateralOptions& options) {
  command.add_option("--cache", options.cache, "folder of the cache")->required();
}

void AddSource(CLI::App& command, CollateralOptions& options) {
  AddCache(command, options);
  command.add_option("--quote", options.quote, "TDX quote of the platform")
      ->required()
      ->check(CLI::ExistingFile);
  command.add_option("--pcs", options.pcs,
                     "address of the provisioning service or of a cache that speaks the same; "
                     "default: Intel's");
  command.add_option("--root-crl", options.root_crl,
                     "address of the root's revocation list; default: Intel's");
  command.add_option("--ca-file", options.ca_file,
                     "PEM certificates that may vouch for those servers; default: the system's");
  command.add_flag("--offline", options.offline, "use what the cache has, and ask nobody");
}

}  // namespace

void AddCollateral(CLI::App& collateral, Call& call) {
  const auto options = std::make_shared<CollateralOptions>();
  CLI::App* fetch = collateral.add_subcommand(
      "fetch", "fetch what is missing or soon expires, verify it, and keep it");
  AddSource(*fetch, *options);
  fetch->callback([options, &call] {
    call = [options](const Environment& env) { return FetchCollateral(env, *options); };
  });

  CLI::App* bundle = collateral.add_subcommand(
      "bundle", "write it as a folder for `kedge verify tdx --collateral`");
  AddSource(*bundle, *options);
  bundle->add_option("-o,--output", options->output, "folder to write")->required();
  bundle->callback([options, &call] {
    call = [options](const Environment& env) { return BundleCollateral(env, *options); };
  });

  CLI::App* show = collateral.add_subcommand("show", "list what the cache has");
  AddCache(*show, *options);
  show->callback([options, &call] {
    call = [options](const Environment& env) { return ShowCollateral(env, *options); };
  });
}

}  // namespace kedge::cli
