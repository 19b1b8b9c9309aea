#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <cstdlib>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

// Fetched once for the life of the process: asking OpenSSL by name every time costs more than
// hashing a short message. The name must be one of the default provider's.
EVP_MD* Fetch(const char* name) {
  EVP_MD* const out = EVP_MD_fetch(nullptr, name, nullptr);
  if (out == nullptr) std::abort();
  return out;
}

const EVP_MD* FetchedSha256() {
  static const EVP_MD* const type = Fetch("SHA2-256");
  return type;
}
const EVP_MD* FetchedSha384() {
  static const EVP_MD* const type = Fetch("SHA2-384");
  return type;
}
const EVP_MD* FetchedSha512() {
  static const EVP_MD* const type = Fetch("SHA2-512");
  return type;
}
const EVP_MD* FetchedSha1() {
  static const EVP_MD* const type = Fetch("SHA1");
  return type;
}

// A built-in digest fails only where memory is gone or the library is broken. There is no value
// that would be safe to return then, so the process stops.
template <size_t N>
ByteArray<N> Digest(const EVP_MD* type, std::initializer_list<ByteView> parts) {
  ByteArray<N> out{};
  unsigned int size = 0;
  const MdCtxPtr context(EVP_MD_CTX_new());
  bool ok = context && EVP_DigestInit_ex(context.get(), type, nullptr) == 1;
  for (ByteView part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1;
  if (!ok || size != N) std::abort();
  return out;
}

}  // namespace

Sha256Digest Sha256(std::initializer_list<ByteView> parts) {
  return Digest<32>(FetchedSha256(), parts);
}
Sha384Digest Sha384(std::initializer_list<ByteView> parts) {
  return Digest<48>(FetchedSha384(), parts);
}
Sha512Digest Sha512(std::initializer_list<ByteView> parts) {
  return Digest<64>(FetchedSha512(), parts);
}
ByteArray<20> Sha1ForTpmBank(ByteView data) { return Digest<20>(FetchedSha1(), {data}); }

Sha256Digest HmacSha256(const SecretBytes& key, ByteView data) {
  Sha256Digest out{};
  size_t size = 0;
  const bool ok = key.Reveal([&](ByteView raw) {
    // OpenSSL takes a null key as "keep the old one"; an empty key is a valid HMAC key.
    static constexpr uint8_t kEmpty = 0;
    return EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr,
                     raw.empty() ? &kEmpty : raw.data(), raw.size(), data.data(), data.size(),
                     out.data(), out.size(), &size) != nullptr;
  });
  if (!ok || size != out.size()) std::abort();
  return out;
}

bool ConstantTimeEqual(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace kedge
