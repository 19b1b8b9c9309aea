#include "crypto/tpm_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/digest.h"

namespace kedge {

StatusOr<TpmHash> TpmHashFromAlg(uint16_t tpm_alg_id) {
  switch (static_cast<TpmHash>(tpm_alg_id)) {
    case TpmHash::kSha256:
    case TpmHash::kSha384:
    case TpmHash::kSha512:
      return static_cast<TpmHash>(tpm_alg_id);
  }
  return Malformed("hash algorithm " + std::to_string(tpm_alg_id) +
                   " is not SHA-256, SHA-384 or SHA-512");
}

size_t TpmDigestSize(TpmHash hash) {
  switch (hash) {
    case TpmHash::kSha256:
      return 32;
    case TpmHash::kSha384:
      return 48;
    case TpmHash::kSha512:
      return 64;
  }
  return 0;
}

Bytes TpmDigest(TpmHash hash, ByteView data) {
  switch (hash) {
    case TpmHash::kSha256:
      return ToBytes(Sha256(data));
    case TpmHash::kSha384:
      return ToBytes(Sha384(data));
    case TpmHash::kSha512:
      return ToBytes(Sha512(data));
  }
  return {};
}

Bytes TpmHmac(TpmHash hash, const SecretBytes& key, std::initializer_list<ByteView> parts) {
  Bytes message;
  for (ByteView part : parts) message.insert(message.end(), part.begin(), part.end());
  Bytes out(TpmDigestSize(hash));
  unsigned int size = 0;
  key.Reveal([&](ByteView raw) {
    HMAC(NativeHash(hash), raw.data(), static_cast<int>(raw.size()), message.data(), message.size(),
         out.data(), &size);
  });
  out.resize(size);
  return out;
}

const evp_md_st* NativeHash(TpmHash hash) {
  switch (hash) {
    case TpmHash::kSha256:
      return EVP_sha256();
    case TpmHash::kSha384:
      return EVP_sha384();
    case TpmHash::kSha512:
      return EVP_sha512();
  }
  return nullptr;
}

const char* NativeHashName(TpmHash hash) { return EVP_MD_get0_name(NativeHash(hash)); }

}  // namespace kedge
