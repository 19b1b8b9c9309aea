// Prepares a TPM as a cloud's platform does before the guest sees it: NV indices and persistent
// keys.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::testing {

class TpmProvisioner {
 public:
  static StatusOr<std::unique_ptr<TpmProvisioner>> Open(const std::string& tcti);
  ~TpmProvisioner();
  TpmProvisioner(const TpmProvisioner&) = delete;
  TpmProvisioner& operator=(const TpmProvisioner&) = delete;

  // `by_owner`: readable with the owner's authorisation alone, as Azure's index is.
  Status DefineNv(uint32_t index, ByteView content, bool by_owner);
  // RSA-2048 restricted signing key (RSASSA, SHA-256), made persistent; its TPMT_PUBLIC.
  StatusOr<Bytes> PersistRsaAk(uint32_t handle);
  // TPMT_PUBLIC of the key that the TPM makes from a template of the same layout.
  StatusOr<Bytes> PublicOfPrimary(ByteView key_template);
  // Templates of signing keys, as TPMT_PUBLIC: RSA-2048, or ECC P-256; `variant` makes another key.
  static Bytes RsaAkTemplate();
  static Bytes EccAkTemplate(uint8_t variant);

 private:
  struct Impl;
  explicit TpmProvisioner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kedge::testing
