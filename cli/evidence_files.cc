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

StatusOr<std::optional<Bytes>> ParseHexOption(const std::string& hex, const std::string& option) {
  if (hex.empty()) return std::optional<Bytes>();
  std::optional<Bytes> bytes = FromHex(hex);
  if (!bytes) {
    return MakeError(StatusCode::kInvalidArgument, option + ": expected pairs of hex digits");
  }
  return bytes;
}

}  // namespace kedge::cli
