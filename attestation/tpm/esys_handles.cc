#include "attestation/tpm/esys_handles.h"

#include <absl/strings/str_cat.h>
#include <tss2/tss2_rc.h>

namespace kedge {
namespace {

bool AsksToComeBack(TSS2_RC code) {
  return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING ||
         code == TPM2_RC_NV_UNAVAILABLE || code == TPM2_RC_NV_RATE ||
         code == TSS2_ESYS_RC_TRY_AGAIN;
}

}  // namespace

bool IsTransportFailure(TSS2_RC code) {
  // The last three are what ESAPI says after an answer was cut off.
  return (code & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER || code == TSS2_ESYS_RC_IO_ERROR ||
         code == TSS2_ESYS_RC_BAD_SEQUENCE || code == TSS2_ESYS_RC_MALFORMED_RESPONSE ||
         code == TSS2_ESYS_RC_INSUFFICIENT_RESPONSE;
}

Status TpmStatus(std::string_view command, TSS2_RC code) {
  if (code == TSS2_RC_SUCCESS) return absl::OkStatus();
  const std::string message =
      absl::StrCat(std::string(command), ": ", Tss2_RC_Decode(code), " (0x", absl::Hex(code), ")");
  if (IsTransportFailure(code) || AsksToComeBack(code)) {
    return MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry,
                     message + "; expected an answer from the TPM: check its device and retry");
  }
  if (code == TPM2_RC_LOCKOUT) {
    return MakeFault(StatusCode::kFailedPrecondition, "TPM_LOCKOUT", Advice::kAskOperator,
                     message +
                         "; expected a TPM that is not in lockout: wait until it recovers or "
                         "clear it (tpm2_dictionarylockout)");
  }
  return Internal(message);
}

}  // namespace kedge
