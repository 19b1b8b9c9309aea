#include <absl/strings/str_cat.h>

#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/quote.h"
#include "attestation/verify/verify.h"
#include "crypto/x509.h"

namespace kedge {
namespace {

// A decryption key that never leaves its TPM and decrypts nothing but credentials and seeds; the
// certificate says so too, but only the public area binds the name.
Status CheckEkProperties(const TpmPublic& ek) {
  constexpr uint32_t kNeeded = kObjectRestricted | kObjectDecrypt | kObjectFixedTpm |
                               kObjectFixedParent | kObjectSensitiveDataOrigin;
  if ((ek.attributes & kNeeded) == kNeeded && (ek.attributes & kObjectSign) == 0) {
    return absl::OkStatus();
  }
  return Refused("EK_NOT_TRUSTED",
                 absl::StrCat("endorsement key with attributes ", absl::Hex(ek.attributes),
                              ", expected a restricted decryption key that was made in its TPM"));
}

}  // namespace

std::string_view ToString(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::kEk:
      return "ek";
    case IdentityKind::kHostData:
      return "host_data";
    case IdentityKind::kChip:
      return "chip";
  }
  return "unknown";
}

StatusOr<VerifiedEk> VerifyEk(const Endorsements& endorsements, const std::vector<TpmRoot>& roots,
                              absl::Time now) {
  ASSIGN_OR_RETURN(const TpmPublic ek, ParseTpmPublic(endorsements.ek_public));
  RETURN_IF_ERROR(CheckEkProperties(ek));
  ASSIGN_OR_RETURN(const TpmVerifyKey key, KeyOf(ek));
  Status last = Refused("EK_NOT_TRUSTED", "the policy names no TPM root; nothing can be trusted");
  for (const TpmRoot& root : roots) {
    // One root at a time: the verdict says which of them vouched for the key.
    const StatusOr<Bytes> certified =
        VerifyEkCertificate(endorsements.ek_certificate, {}, {root.certificate_pem}, now);
    if (!certified.ok()) {
      last = certified.status();
      continue;
    }
    if (!Equal(*certified, SpkiOf(key))) {
      return Refused("EK_NOT_TRUSTED",
                     "the EK certificate is for another key than the EK that came with it");
    }
    return VerifiedEk{{IdentityKind::kEk, ToBytes(ByteView(Sha256(*certified)))},
                      endorsements.ek_public,
                      root.name};
  }
  return last;
}

}  // namespace kedge
