#include "cli/evidence_files.h"

#include "base/host/files.h"

namespace kedge::cli {

StatusOr<Bytes> ReadEvidenceFile(const std::string& path) {
  return ReadFileBounded(path, kMaxEvidenceFile);
}

StatusOr<std::optional<Bytes>> ReadEvidenceFileIfThere(const std::string& path) {
  StatusOr<Bytes> file = ReadEvidenceFile(path);
  if (file.ok()) return std::optional<Bytes>(*std::move(file));
  if (file.status().code() == StatusCode::kNotFound) return std::optional<Bytes>();
  return file.status();
}

StatusOr<wire::AttestationPolicy> LoadAttestationPolicy(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(path, wire::kMaxAttestationPolicyFile));
  StatusOr<wire::AttestationPolicy> policy = wire::ParseAttestationPolicy(file);
  if (!policy.ok()) return Annotate(policy.status(), path);
  return policy;
}

StatusOr<std::optional<Bytes>> ParseHexOption(const std::string& hex, const std::string& option) {
  if (hex.empty()) return std::optional<Bytes>();
  std::optional<Bytes> bytes = FromHex(hex);
  if (!bytes) {
    return MakeError(StatusCode::kInvalidArgument, option + ": expected pairs of hex digits");
  }
  return bytes;
}

}  // namespace kedge::cli
