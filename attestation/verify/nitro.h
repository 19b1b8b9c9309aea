// Verifies attestation documents of Nitro Enclaves and NitroTPM. Pure; time is an argument.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "attestation/parse/nitro_document.h"
#include "attestation/verify/check_list.h"

namespace kedge {

struct NitroQuestion {
  std::optional<absl::Time> at = std::nullopt;
  std::optional<Bytes> nonce = std::nullopt;
  std::optional<Bytes> user_data = std::nullopt;
};

struct NitroClaims {
  std::optional<NitroDocument> document;  // views into the file; nullopt where it does not parse
  std::string signer;                     // subject of the certificate that signed
};

// `file`: the COSE message, or what carries it (FindCoseMessage). Rows FORMAT, SIG_ALGO, SIGNATURE
// (over the original Sig_structure), CHAIN, TIME, ROOT_PIN (AWS), NONCE, USER_DATA and
// DEBUG_ZERO_PCRS (an enclave in debug mode measures nothing).
NitroClaims VerifyNitroDocument(ByteView file, const NitroQuestion& question, CheckList& checks);

}  // namespace kedge
