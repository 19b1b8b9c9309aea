// Templates of the primary keys that Kedge makes in the endorsement hierarchy: deterministic, so
// that the same TPM gives the same keys after every reboot and nothing is stored.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <vector>

#include "base/bytes.h"

namespace kedge {

// ECC P-256, restricted signing, ECDSA with SHA-256, exempt from dictionary-attack protection.
TPM2B_PUBLIC AkTemplate();

struct EkTemplate {
  TPMI_RH_NV_INDEX certificate_index = 0;
  TPM2B_PUBLIC public_area = {};
  // PolicyOR's branches where the key's policy is PolicyB, in the order of the profile; empty
  // where it is PolicyA (PolicySecret of the endorsement hierarchy).
  std::vector<TPM2B_DIGEST> policy_or;
};

// TCG EK Credential Profile for TPM 2.0, 2.5, appendix B: L-1 (RSA-2048, NV 0x01C00002) and
// H-3 (ECC P-384, NV 0x01C00016).
EkTemplate RsaEkTemplate();
EkTemplate EccEkTemplate();

}  // namespace kedge
