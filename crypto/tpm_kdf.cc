#include "crypto/tpm_kdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <vector>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

// OSSL_PARAM takes writable pointers although a derivation only reads them.
OSSL_PARAM Octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}
OSSL_PARAM Text(const char* name, const char* value) {
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0);
}

StatusOr<SecretBytes> Derive(const char* algorithm, const SecretBytes& key,
                             std::vector<OSSL_PARAM> params, size_t size) {
  if (key.empty() || size == 0 || size > 64) {
    return MakeError(StatusCode::kInvalidArgument,
                     "a TPM derivation needs a key and gives 1 to 64 bytes");
  }
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, algorithm, nullptr));
  const KdfCtxPtr context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!context) return OpenSslError(algorithm);
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(size));
  const int good = key.Reveal([&](ByteView raw) {
    params.push_back(Octets(OSSL_KDF_PARAM_KEY, raw));
    params.push_back(OSSL_PARAM_construct_end());
    return out.RevealMutable([&](std::span<uint8_t> buffer) {
      return EVP_KDF_derive(context.get(), buffer.data(), buffer.size(), params.data());
    });
  });
  if (good != 1) return OpenSslError(algorithm);
  return out;
}

Bytes Join(ByteView a, ByteView b) {
  Bytes out = ToBytes(a);
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

}  // namespace

StatusOr<SecretBytes> TpmKdfA(TpmHash hash, const SecretBytes& key, std::string_view label,
                              ByteView context_u, ByteView context_v, size_t size) {
  const Bytes context = Join(context_u, context_v);
  // KBKDF's defaults are the TPM's: 32-bit counter first, a zero byte after the label, L in bits.
  std::vector<OSSL_PARAM> params = {Text(OSSL_KDF_PARAM_MODE, "COUNTER"),
                                    Text(OSSL_KDF_PARAM_MAC, "HMAC"),
                                    Text(OSSL_KDF_PARAM_DIGEST, NativeHashName(hash)),
                                    Octets(OSSL_KDF_PARAM_SALT, AsBytes(label))};
  if (!context.empty()) params.push_back(Octets(OSSL_KDF_PARAM_INFO, context));
  return Derive("KBKDF", key, std::move(params), size);
}

StatusOr<SecretBytes> TpmKdfE(TpmHash hash, const SecretBytes& z, std::string_view label,
                              ByteView party_u_x, ByteView party_v_x, size_t size) {
  Bytes info = ToBytes(label);
  info.push_back(0);
  info = Join(info, Join(party_u_x, party_v_x));
  return Derive(
      "SSKDF", z,
      {Text(OSSL_KDF_PARAM_DIGEST, NativeHashName(hash)), Octets(OSSL_KDF_PARAM_INFO, info)}, size);
}

}  // namespace kedge
