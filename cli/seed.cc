#include "cli/seed.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "base/host/files.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/seed_file.h"

namespace kedge::cli {
namespace {

void WarnIfOpen(const Environment& env, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  Warn(env, path + " can be read by others: expected mode 0600");
}

}  // namespace

StatusOr<SecretBytes> LoadSeedFile(const Environment& env, const std::string& path) {
  const bool input = path == "-";
  if (!input) WarnIfOpen(env, path);
  const StatusOr<SecretBytes> file =
      input ? env.read_input(kMaxSeedFile) : ReadSecretFile(path, kMaxSeedFile);
  if (file.ok()) return ParseSeedFile(*file);
  const StatusCode code = file.status().code();
  if (code == StatusCode::kNotFound || code == StatusCode::kResourceExhausted) return file.status();
  // Empty, a folder, not for this user to read: a bad file, whatever the system calls it.
  return MakeError(StatusCode::kInvalidArgument, MessageOf(file.status()));
}

StatusOr<Bytes> ParseSalt(std::string_view hex, std::string_view option) {
  std::optional<Bytes> salt = FromHex(hex);
  if (salt && salt->size() == kSeedSaltSize) return *std::move(salt);
  return MakeError(StatusCode::kInvalidArgument,
                   absl::StrCat(std::string(option), ": expected exactly ", kSeedSaltSize,
                                " bytes, that is ", 2 * kSeedSaltSize, " hexadecimal digits"));
}

void AddSeed(CLI::App& app, Call& call) {
  CLI::App* seed = app.add_subcommand("seed", "what a cluster's secret seed derives; offline");
  seed->require_subcommand(1);
  AddSeedDerive(*seed, call);
}

}  // namespace kedge::cli
