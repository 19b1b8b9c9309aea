// The owner's workspace: one folder with keys, manifest, and what a cluster gave back.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"
#include "crypto/rsa.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/seed_share.h"

namespace kedge::cli {

// Errors name the file and the command that makes it. NOT_FOUND where a file is missing,
// FAILED_PRECONDITION where others can read a private key.
class Workspace {
 public:
  explicit Workspace(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  std::string Path(std::string_view name) const;

  StatusOr<SigningKey> OwnerKey() const;                        // owner.key, P-384
  StatusOr<std::optional<RsaPrivateKey>> SeedShareKey() const;  // seedshare.key, may be elsewhere
  StatusOr<Manifest> LoadManifest() const;                      // manifest.json
  // The manifest that `receipt` names: manifest.json, or what KeepState has put beside it. Where
  // neither is the one, manifest.json as it is.
  StatusOr<Manifest> LoadManifestOf(const Receipt& receipt) const;
  StatusOr<Receipt> LoadReceipt() const;      // receipt.json, its signature checked
  StatusOr<SeedShare> LoadSeedShare() const;  // seedshare.json
  // NODE.invitation.json; `node` is a name.
  StatusOr<Bytes> LoadInvitation(const std::string& node) const;
  std::string InvitationPath(const std::string& node) const;

  bool Has(std::string_view name) const;
  // Makes the folder (0700) if needed.
  Status MakeFolder() const;
  // New files only: what is there is never replaced. Secrets get mode 0600, the rest 0644.
  Status Create(std::string_view name, std::string_view content) const;
  Status CreateSecret(std::string_view name, const SecretBytes& content) const;
  // Puts `receipt`, which is verified, in the place of receipt.json where it is fresher; returns
  // whether it was. An older one is never put back, whatever runs at the same time.
  StatusOr<bool> KeepFresherReceipt(const Receipt& receipt) const;
  // The same with the manifest that the receipt names, if `manifest` is that one: cut off anywhere,
  // the workspace has the two together. A draft in manifest.json, which is of this generation or
  // the next, stays. Returns whether the receipt was fresher.
  StatusOr<bool> KeepState(const Receipt& receipt, ByteView manifest) const;

 private:
  StatusOr<Bytes> Load(std::string_view name, size_t max, std::string_view made_by) const;
  StatusOr<SecretBytes> LoadSecret(std::string_view name) const;

  const std::string folder_;
};

inline constexpr char kOwnerKeyFile[] = "owner.key";
inline constexpr char kSeedShareKeyFile[] = "seedshare.key";
inline constexpr char kManifestFile[] = "manifest.json";
inline constexpr char kSeedShareFile[] = "seedshare.json";
inline constexpr char kReceiptFile[] = "receipt.json";
inline constexpr char kCaFile[] = "ca.pem";

}  // namespace kedge::cli
