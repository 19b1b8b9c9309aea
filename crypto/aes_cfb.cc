#include "crypto/aes_cfb.h"

#include <array>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

Status Run(const SecretBytes& key, bool encrypt, ByteView in, std::span<uint8_t> out) {
  if (key.size() != 16 && key.size() != 32) {
    return MakeError(StatusCode::kInvalidArgument, "an AES-CFB key has 16 or 32 bytes here");
  }
  const EVP_CIPHER* cipher = key.size() == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const std::array<uint8_t, 16> iv{};
  int size = 0;
  const bool good = context && key.Reveal([&](ByteView raw) {
    return EVP_CipherInit_ex2(context.get(), cipher, raw.data(), iv.data(), encrypt ? 1 : 0,
                              nullptr);
  }) == 1 &&
                    EVP_CipherUpdate(context.get(), out.data(), &size, in.data(),
                                     static_cast<int>(in.size())) == 1 &&
                    static_cast<size_t>(size) == in.size();
  return good ? absl::OkStatus() : OpenSslError("AES-CFB");
}

}  // namespace

StatusOr<Bytes> AesCfbEncrypt(const SecretBytes& key, const SecretBytes& plaintext) {
  Bytes out(plaintext.size());
  RETURN_IF_ERROR(plaintext.Reveal([&](ByteView raw) { return Run(key, true, raw, out); }));
  return out;
}

StatusOr<SecretBytes> AesCfbDecrypt(const SecretBytes& key, ByteView ciphertext) {
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(ciphertext.size()));
  RETURN_IF_ERROR(out.RevealMutable(
      [&](std::span<uint8_t> buffer) { return Run(key, false, ciphertext, buffer); }));
  return out;
}

}  // namespace kedge
