#include "cli/outside_files.h"

#include <filesystem>

#include "base/host/files.h"
#include "cli/seed.h"
#include "crypto/x509.h"
#include "proto/wire/reference_values.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxCertificateFile = 16 * 1024;
constexpr size_t kMaxPublicKeyFile = 16 * 1024;

std::string NameOfFile(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

template <typename Key>
StatusOr<Key> LoadPublicKey(const std::string& path) {
  const StatusOr<Bytes> pem = ReadFileBounded(path, kMaxPublicKeyFile);
  if (!pem.ok()) return BadFile(pem.status());
  StatusOr<Key> key = Key::FromPem(AsText(*pem));
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

}  // namespace

StatusOr<std::vector<ReferenceValues>> LoadReferences(const std::vector<std::string>& paths,
                                                      const std::vector<std::string>& roles) {
  std::vector<ReferenceValues> out;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(path, wire::kMaxReferenceValuesFile));
    StatusOr<ReferenceValues> values = wire::ParseReferenceValues(file, roles);
    if (!values.ok()) return Annotate(values.status(), path);
    out.push_back(*std::move(values));
  }
  return out;
}

StatusOr<std::vector<TpmRoot>> LoadTpmRoots(const std::vector<std::string>& paths) {
  std::vector<TpmRoot> out;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(path, kMaxCertificateFile));
    const Status usable = CheckCertificateBundle(AsText(file));
    RETURN_IF_ERROR(Annotate(usable, path));
    out.push_back({.name = NameOfFile(path), .certificate_pem = std::string(AsText(file))});
  }
  return out;
}

StatusOr<OwnerKey> LoadOwnerKey(const std::string& path) {
  ASSIGN_OR_RETURN(VerifyKey key, LoadPublicKey<VerifyKey>(path));
  const Sha256Digest digest = Sha256(key.spki());
  return OwnerKey{.name = NameOfFile(path), .key = std::move(key), .digest = digest};
}

StatusOr<SeedShareKey> LoadSeedShareKey(const std::string& path) {
  ASSIGN_OR_RETURN(RsaPublicKey key, LoadPublicKey<RsaPublicKey>(path));
  const Sha256Digest digest = Sha256(key.spki());
  return SeedShareKey{.name = NameOfFile(path), .key = std::move(key), .digest = digest};
}

StatusOr<std::vector<RolePolicy>> PoliciesOfBothRoles(const std::vector<std::string>& levels) {
  std::vector<RolePolicy> out;
  for (const std::string_view role : {kRoleControlPlane, kRoleWorker}) {
    RolePolicy policy{
        .role = std::string(role), .evidence_levels = {}, .identity_kinds = {IdentityKind::kEk}};
    for (const std::string& level : levels) {
      ASSIGN_OR_RETURN(policy.evidence_levels.emplace_back(), ParseEvidenceLevel(level));
    }
    out.push_back(std::move(policy));
  }
  return out;
}

}  // namespace kedge::cli
