#include "crypto/hkdf.h"

#include <absl/strings/str_cat.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr size_t kMaxOutput = 255 * 32;
// OpenSSL 3.0 keeps info in a buffer of 2,048 bytes.
constexpr size_t kMaxInfo = 2048;

OSSL_PARAM Octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

StatusOr<SecretBytes> HkdfSha256(const SecretBytes& ikm, ByteView salt, ByteView info,
                                 size_t size) {
  if (ikm.empty() || size == 0 || size > kMaxOutput || info.size() > kMaxInfo) {
    return MakeError(
        StatusCode::kInvalidArgument,
        absl::StrCat("HKDF of ", ikm.size(), " input bytes, ", info.size(), " info bytes, ", size,
                     " output bytes: expected at least 1, at "
                     "most ",
                     kMaxInfo, ", and 1 to ", kMaxOutput));
  }
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  const KdfCtxPtr context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!context) return OpenSslError("HKDF set-up");
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(size));
  const bool ok = ikm.Reveal([&](ByteView key) {
    char digest[] = "SHA256";
    OSSL_PARAM params[5];
    size_t count = 0;
    params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[count++] = Octets(OSSL_KDF_PARAM_KEY, key);
    if (!salt.empty()) params[count++] = Octets(OSSL_KDF_PARAM_SALT, salt);
    if (!info.empty()) params[count++] = Octets(OSSL_KDF_PARAM_INFO, info);
    params[count] = OSSL_PARAM_construct_end();
    return out.RevealMutable([&](std::span<uint8_t> buffer) {
      return EVP_KDF_derive(context.get(), buffer.data(), buffer.size(), params) == 1;
    });
  });
  if (!ok) return OpenSslError("HKDF");
  return out;
}

}  // namespace kedge
