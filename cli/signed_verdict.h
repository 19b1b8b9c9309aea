// A verdict that can be checked later, by somebody else, without the evidence: signed by the key of
// whoever verified (docs/FORMATS.md, "Signed verdict").
#pragma once

#include <absl/time/time.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"

namespace kedge::cli {

// A file that the verdict was made from.
struct VerdictInput {
  std::string name;    // as it was named on the command line; inside a folder, with its path
  std::string sha256;  // hex
};

struct VerdictTerms {
  absl::Time made_at;
  std::string program;                 // "kedge 0.1.0"
  std::vector<std::string> arguments;  // of the command, in their order
  std::vector<VerdictInput> inputs;
};

// The envelope: the signed bytes travel as they were signed.
StatusOr<std::string> SignVerdict(const nlohmann::ordered_json& verdict, const VerdictTerms& terms,
                                  const SigningKey& key);

// The signed document: format, made_at, program, arguments, inputs, and the verdict with its checks
// and claims. MALFORMED for the form, PERMISSION_DENIED with fault BAD_SIGNATURE where `key` did
// not sign it; which key it names itself decides nothing.
StatusOr<nlohmann::ordered_json> OpenSignedVerdict(ByteView file, const VerifyKey& key);

}  // namespace kedge::cli
