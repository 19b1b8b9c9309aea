#include "cli/seed.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "base/host/files.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/seed_file.h"

namespace kedge::cli {

void WarnIfOpen(const Environment& env, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  Warn(env, path + " can be read by others: expected mode 0600");
}

Status BadFile(const Status& status) {
  const StatusCode code = status.code();
  if (code == StatusCode::kNotFound || code == StatusCode::kResourceExhausted) return status;
  return MakeError(StatusCode::kInvalidArgument, MessageOf(status));
}

StatusOr<SecretBytes> LoadSeedFile(const Environment& env, const std::string& path) {
  const bool input = path == "-";
  if (!input) WarnIfOpen(env, path);
  const StatusOr<SecretBytes> file =
      input ? env.read_input(kMaxSeedFile) : ReadSecretFile(path, kMaxSeedFile);
  if (file.ok()) return ParseSeedFile(*file);
  return BadFile(file.status());
}

StatusOr<Bytes> ParseSalt(std::string_view hex, std::string_view option) {
  std::optional<Bytes> salt = FromHex(hex);
  if (salt && salt->size() == kSeedSaltSize) return *std::move(salt);
  return MakeError(StatusCode::kInvalidArgument,
                   absl::StrCat(std::string(option), ": expected exactly ", kSeedSaltSize,
                                " bytes, that is ", 2 * kSeedSaltSize, " hexadecimal digits"));
}

void AddSeed(CLI::App& app, const Common& common, Call& call) {
  CLI::App* seed =
      app.add_subcommand("seed", "what a cluster's secret seed derives, and its shares; offline");
  seed->require_subcommand(1);
  AddSeedDerive(*seed, call);
  AddSeedSplit(*seed, common, call);
  AddSeedCombine(*seed, common, call);
  AddSeedTest(*seed, common, call);
}

}  // namespace kedge::cli
