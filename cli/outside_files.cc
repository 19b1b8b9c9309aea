#include "cli/outside_files.h"

#include <filesystem>

#include "base/host/files.h"
#include "crypto/x509.h"
#include "proto/wire/reference_values.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxCertificateFile = 16 * 1024;

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
    out.push_back({.name = std::filesystem::path(path).stem().string(),
                   .certificate_pem = std::string(AsText(file))});
  }
  return out;
}

}  // namespace kedge::cli
