#include "cli/workspace.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/host/files.h"
#include "base/names.h"
#include "proto/wire/invitation.h"
#include "proto/wire/manifest.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxKeyFile = 16 * 1024;

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

template <typename T>
StatusOr<T> InFile(StatusOr<T> value, const std::string& path) {
  if (value.ok()) return value;
  return Annotate(value.status(), path);
}

std::string KeptManifestFile(uint64_t generation) {
  return absl::StrCat("manifest-", generation, ".json");
}

}  // namespace

std::string Workspace::Path(std::string_view name) const {
  return absl::StrCat(folder_, "/", Absl(name));
}

std::string Workspace::InvitationPath(const std::string& node) const {
  return Path(node + ".invitation.json");
}

bool Workspace::Has(std::string_view name) const {
  struct stat info {};
  return lstat(Path(name).c_str(), &info) == 0;
}

StatusOr<Bytes> Workspace::Load(std::string_view name, size_t max, std::string_view made_by) const {
  StatusOr<Bytes> content = ReadFileBounded(Path(name), max);
  if (content.status().code() == StatusCode::kNotFound) {
    return MakeError(StatusCode::kNotFound,
                     absl::StrCat("no ", Path(name), ": it is made by `", Absl(made_by),
                                  "`; name the right folder with --workspace"));
  }
  return content;
}

StatusOr<SecretBytes> Workspace::LoadSecret(std::string_view name) const {
  const std::string path = Path(name);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return MakeError(StatusCode::kNotFound,
                     absl::StrCat("no ", path,
                                  ": it is made by `kedge prepare`; name the right "
                                  "folder with --workspace"));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return FailedPrecondition(
        absl::StrFormat("%s is open to others (mode %04o), expected 0600: run `chmod 600 %s`, and "
                        "think about who may have read it",
                        path, info.st_mode & 0777U, path));
  }
  return ReadSecretFile(path, kMaxKeyFile);
}

StatusOr<SigningKey> Workspace::OwnerKey() const {
  ASSIGN_OR_RETURN(const SecretBytes pem, LoadSecret(kOwnerKeyFile));
  ASSIGN_OR_RETURN(SigningKey key, InFile(SigningKey::FromPem(pem), Path(kOwnerKeyFile)));
  if (key.public_key().curve() != Curve::kP384) {
    return Malformed(absl::StrCat(Path(kOwnerKeyFile), " is not a key on P-384"));
  }
  return key;
}

StatusOr<std::optional<RsaPrivateKey>> Workspace::SeedShareKey() const {
  if (!Has(kSeedShareKeyFile)) return std::optional<RsaPrivateKey>();
  ASSIGN_OR_RETURN(const SecretBytes pem, LoadSecret(kSeedShareKeyFile));
  ASSIGN_OR_RETURN(RsaPrivateKey key, InFile(RsaPrivateKey::FromPem(pem), Path(kSeedShareKeyFile)));
  return std::optional<RsaPrivateKey>(std::move(key));
}

StatusOr<Manifest> Workspace::LoadManifest() const {
  ASSIGN_OR_RETURN(const Bytes bytes, Load(kManifestFile, kMaxManifestSize, "kedge prepare"));
  return InFile(wire::ParseManifest(bytes), Path(kManifestFile));
}

StatusOr<Manifest> Workspace::LoadManifestOf(const Receipt& receipt) const {
  ASSIGN_OR_RETURN(Manifest manifest, LoadManifest());
  const std::string kept = KeptManifestFile(receipt.latest.generation);
  if (manifest.digest() == receipt.latest.manifest_digest || !Has(kept)) return manifest;
  ASSIGN_OR_RETURN(const Bytes bytes, Load(kept, kMaxManifestSize, "kedge manifest set"));
  if (Sha256(bytes) != receipt.latest.manifest_digest) return manifest;
  return InFile(wire::ParseManifest(bytes), Path(kept));
}

StatusOr<Receipt> Workspace::LoadReceipt() const {
  ASSIGN_OR_RETURN(const Bytes bytes, Load(kReceiptFile, wire::kMaxReceiptFile, "kedge init"));
  ASSIGN_OR_RETURN(Receipt receipt, InFile(wire::ParseReceipt(bytes), Path(kReceiptFile)));
  ASSIGN_OR_RETURN(const VerifyKey identity,
                   InFile(VerifyKey::FromSpki(receipt.service_key_spki), Path(kReceiptFile)));
  RETURN_IF_ERROR(Annotate(VerifyReceipt(receipt, identity), Path(kReceiptFile)));
  return receipt;
}

StatusOr<SeedShare> Workspace::LoadSeedShare() const {
  ASSIGN_OR_RETURN(const Bytes bytes, Load(kSeedShareFile, wire::kMaxSeedShareFile, "kedge init"));
  return InFile(wire::ParseSeedShare(bytes), Path(kSeedShareFile));
}

StatusOr<Bytes> Workspace::LoadInvitation(const std::string& node) const {
  if (!IsName(node)) return Malformed("the machine gives itself a name that is not one");
  return Load(node + ".invitation.json", wire::kMaxInvitationFile, "kedge prepare");
}

Status Workspace::MakeFolder() const { return MakeFolders(folder_, 0700); }

Status Workspace::Create(std::string_view name, std::string_view content) const {
  return CreateFileAtomically(Path(name), AsBytes(content), 0644);
}

Status Workspace::CreateSecret(std::string_view name, const SecretBytes& content) const {
  return CreateSecretFileAtomically(Path(name), content, 0600);
}

StatusOr<bool> Workspace::KeepFresherReceipt(const Receipt& receipt) const {
  const int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", folder_));
  const auto unlock = absl::MakeCleanup([folder] { close(folder); });
  if (flock(folder, LOCK_EX) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", folder_));
  }
  ASSIGN_OR_RETURN(const Receipt held, LoadReceipt());
  if (!IsFresher(receipt, held)) return false;
  ASSIGN_OR_RETURN(const std::string text, wire::PrintReceipt(receipt));
  RETURN_IF_ERROR(WriteFileAtomically(Path(kReceiptFile), AsBytes(text), 0644));
  return true;
}

StatusOr<bool> Workspace::KeepState(const Receipt& receipt, ByteView manifest) const {
  if (Sha256(manifest) != receipt.latest.manifest_digest) return KeepFresherReceipt(receipt);
  const std::string kept = KeptManifestFile(receipt.latest.generation);
  ASSIGN_OR_RETURN(const Manifest shown, LoadManifest());
  const bool is_new = !Equal(shown.bytes(), manifest);
  // Of this generation or the next it is somebody's draft, which is theirs to keep.
  const bool is_behind = shown.generation() < receipt.latest.generation;
  // Beside manifest.json first, so that a receipt never names a manifest that is not here.
  if (is_new) RETURN_IF_ERROR(WriteFileAtomically(Path(kept), manifest, 0644));
  ASSIGN_OR_RETURN(const bool fresher, KeepFresherReceipt(receipt));
  ASSIGN_OR_RETURN(const Receipt held, LoadReceipt());
  if (is_behind && held.latest.manifest_digest == receipt.latest.manifest_digest) {
    RETURN_IF_ERROR(WriteFileAtomically(Path(kManifestFile), manifest, 0644));
  }
  return fresher;
}

}  // namespace kedge::cli
