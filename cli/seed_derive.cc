// kedge seed derive: the Contrast-compatible tree of a seed. The one command whose answer is
// secret: what it prints has left SecretBytes for good, and it says so.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/secret_hex.h"
#include "cli/seed.h"
#include "keyservice/core/key_tree.h"

namespace kedge::cli {
namespace {

struct DeriveOptions {
  std::string seed_file;
  std::string seed_hex;
  std::string salt_hex;
  std::vector<std::string> workloads;
};

StatusOr<SecretBytes> LoadSeed(const Environment& env, const DeriveOptions& options) {
  if (!options.seed_file.empty()) return LoadSeedFile(env, options.seed_file);
  if (options.seed_hex.empty()) {
    return MakeError(StatusCode::kInvalidArgument, "the seed is missing: name --seed-file");
  }
  Warn(env,
       "a seed on the command line is seen by every process of this machine and kept in the "
       "shell's history: use --seed-file");
  StatusOr<SecretBytes> seed = SecretFromHex(AsBytes(options.seed_hex));
  if (!seed.ok()) return Annotate(seed.status(), "--seed");
  return seed;
}

// JSON has no way to name an id that is not UTF-8; what it cannot say is not printed at all.
Status CheckId(const std::string& id) {
  using Json = nlohmann::json;
  const std::string text = Json(id).dump(-1, ' ', false, Json::error_handler_t::ignore);
  if (Json::parse(text).get<std::string>() == id) return absl::OkStatus();
  return MakeError(StatusCode::kInvalidArgument, "--workload: the id is not UTF-8");
}

// The printed form of a secret.
StatusOr<std::string> Shown(const StatusOr<SecretBytes>& secret) {
  RETURN_IF_ERROR(secret.status());
  return secret->Reveal([](ByteView raw) { return ToHex(raw); });
}
StatusOr<std::string> Shown(const StatusOr<SigningKey>& key) {
  RETURN_IF_ERROR(key.status());
  return Shown(key->Scalar());
}

StatusOr<Answer> Derive(const Environment& env, const DeriveOptions& options) {
  Warn(env,
       "this prints secrets: whoever reads them can open every disk and workload of the cluster "
       "and sign in its name");
  ASSIGN_OR_RETURN(const Bytes salt, ParseSalt(options.salt_hex, "--salt"));
  for (const std::string& id : options.workloads) RETURN_IF_ERROR(CheckId(id));
  ASSIGN_OR_RETURN(SecretBytes seed, LoadSeed(env, options));
  ASSIGN_OR_RETURN(const KeyTree tree, KeyTree::Create(std::move(seed), salt));

  Answer answer;
  // Names and order as in the fixed vectors.
  const auto add = [&answer](const char* name, const StatusOr<std::string>& value) -> Status {
    RETURN_IF_ERROR(value.status());
    answer.json[name] = *value;
    absl::StrAppend(&answer.text, name, " ", *value, "\n");
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add("seed", Shown(tree.seed().Clone())));
  RETURN_IF_ERROR(add("salt", ToHex(tree.salt())));
  RETURN_IF_ERROR(add("pod_state_seed", Shown(tree.PodStateSeed())));
  RETURN_IF_ERROR(add("history_seed", Shown(tree.HistorySeed())));
  RETURN_IF_ERROR(add("root_ca_p384_scalar", Shown(tree.RootCaKey())));
  RETURN_IF_ERROR(add("transaction_signing_p384_scalar", Shown(tree.TransactionKey())));
  nlohmann::ordered_json& secrets = answer.json["workload_secrets"];
  secrets = nlohmann::ordered_json::object();
  for (const std::string& id : options.workloads) {
    if (secrets.contains(id)) continue;  // named twice: the same secret
    ASSIGN_OR_RETURN(const std::string secret, Shown(tree.WorkloadSecret(id)));
    secrets[id] = secret;
    absl::StrAppend(&answer.text, "workload_secrets[", nlohmann::json(id).dump(), "] ", secret,
                    "\n");
  }
  return answer;
}

}  // namespace

void AddSeedDerive(CLI::App& seed, Call& call) {
  const auto options = std::make_shared<DeriveOptions>();
  CLI::App* derive = seed.add_subcommand(
      "derive", "print every key and secret of the Contrast-compatible tree of a seed");
  CLI::Option* file = derive->add_option(
      "--seed-file", options->seed_file,
      "file with the seed, at least 32 bytes; - for standard input. Text is read as hexadecimal "
      "digits, in either case, with white space around them at most; anything else is the seed's "
      "raw bytes");
  derive
      ->add_option("--seed", options->seed_hex,
                   "the seed in hexadecimal; for test vectors only: others can see it")
      ->excludes(file);
  derive
      ->add_option("--salt", options->salt_hex, "salt of the seed, exactly 32 bytes in hexadecimal")
      ->required();
  derive
      ->add_option("--workload", options->workloads,
                   "id of a workload secret, not empty; once for each")
      // One id each time, whatever it looks like: no lists in brackets, no second value.
      ->allow_extra_args(false);
  derive->callback([&call, options] {
    call = [options](const Environment& env) { return Derive(env, *options); };
  });
}

}  // namespace kedge::cli
