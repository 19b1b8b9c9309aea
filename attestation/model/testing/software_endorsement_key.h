// An endorsement key in software: what a TPM does inside TPM2_ActivateCredential (TPM 2.0 Library
// part 1, 24.4; part 3, 12.5), for the fake TPM.
#pragma once

#include <memory>

#include "attestation/model/tpm.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"

struct evp_pkey_st;

namespace kedge::testing {

enum class EkKind { kRsa2048, kEccP384 };

class SoftwareEndorsementKey {
 public:
  explicit SoftwareEndorsementKey(EkKind kind);

  const Bytes& public_area() const { return public_area_; }  // TPMT_PUBLIC
  Bytes Spki() const;
  // The credential's secret, if it was made for this key and for an object named `ak_name`;
  // otherwise PERMISSION_DENIED with fault CREDENTIAL_REFUSED, as TPM_RC_INTEGRITY would be.
  StatusOr<SecretBytes> Activate(const CredentialBlob& blob, ByteView ak_name) const;

 private:
  StatusOr<SecretBytes> Seed(ByteView encrypted) const;

  EkKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
  Bytes public_area_;
};

}  // namespace kedge::testing
