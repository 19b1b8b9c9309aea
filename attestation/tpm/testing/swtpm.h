// A real software TPM (swtpm) for integration tests: its own state, its own certificate authority,
// its own process, all gone at the end of the test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/status.h"

namespace kedge::testing {

struct SwtpmOptions {
  std::string pcr_banks = "sha256,sha384";  // as swtpm_setup wants them
  bool ek_certificates = true;
};

class Swtpm {
 public:
  // Manufactures a TPM (about a second: an RSA key is made) and switches it on. Needs swtpm and
  // swtpm-tools.
  static StatusOr<std::unique_ptr<Swtpm>> Start(const SwtpmOptions& options = {});
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  // For EsysTpmOptions::tcti.
  std::string tcti() const { return "swtpm:path=" + Socket(); }
  // The authority that signed the EK certificates.
  const std::string& root_pem() const { return root_pem_; }

  Status PowerOff();
  // PCRs, sessions and transient objects are new, NV storage is as it was.
  Status PowerOn();
  Status PowerCycle();

 private:
  explicit Swtpm(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Status Manufacture(const SwtpmOptions& options);
  std::string Socket() const { return (folder_ / "tpm.sock").string(); }

  std::filesystem::path folder_;
  std::string root_pem_;
  pid_t process_ = -1;
};

}  // namespace kedge::testing
