#include "crypto/system_random.h"

#include <openssl/rand.h>

#include "crypto/openssl_ptr.h"

namespace kedge {

Status SystemRandom::Fill(std::span<uint8_t> out) {
  // RAND takes an int; no caller needs more than a few pages.
  if (out.size() > (size_t{1} << 20)) {
    return MakeError(StatusCode::kInvalidArgument, "more than 1 MiB of randomness in one call");
  }
  if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    return OpenSslError("random generator");
  }
  return absl::OkStatus();
}

}  // namespace kedge
