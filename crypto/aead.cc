#include "crypto/aead.h"

#include <limits>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr size_t kKeySize = 32;
constexpr size_t kTagSize = 16;
constexpr size_t kMaxText = size_t{1} << 24;
// A key seals one message, so the nonce carries nothing.
constexpr ByteArray<12> kIv{};

int IntSize(ByteView bytes) { return static_cast<int>(bytes.size()); }

Status CheckSizes(const SecretBytes& key, ByteView aad, size_t text) {
  if (key.size() != kKeySize) {
    return MakeError(StatusCode::kInvalidArgument, "AES-256-GCM needs a key of 32 bytes");
  }
  if (text > kMaxText || aad.size() > kMaxText) {
    return MakeError(StatusCode::kInvalidArgument, "AES-256-GCM input larger than 16 MiB");
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<Bytes> SealOnce(SecretBytes key, ByteView aad, ByteView plaintext) {
  RETURN_IF_ERROR(CheckSizes(key, aad, plaintext.size()));
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!context) return OpenSslError("AES-256-GCM set-up");
  Bytes out(plaintext.size() + kTagSize);
  int written = 0;
  bool ok = key.Reveal([&](ByteView raw) {
    return EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw.data(), kIv.data()) ==
           1;
  });
  ok = ok && (aad.empty() ||
              EVP_EncryptUpdate(context.get(), nullptr, &written, aad.data(), IntSize(aad)) == 1);
  ok = ok && (plaintext.empty() || EVP_EncryptUpdate(context.get(), out.data(), &written,
                                                     plaintext.data(), IntSize(plaintext)) == 1);
  ok = ok && EVP_EncryptFinal_ex(context.get(), out.data() + plaintext.size(), &written) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                 out.data() + plaintext.size()) == 1;
  if (!ok) return OpenSslError("AES-256-GCM seal");
  return out;
}

StatusOr<Bytes> SealOnce(SecretBytes key, ByteView aad, const SecretBytes& plaintext) {
  return plaintext.Reveal([&](ByteView text) { return SealOnce(std::move(key), aad, text); });
}

StatusOr<SecretBytes> OpenSealed(const SecretBytes& key, ByteView aad, ByteView sealed) {
  RETURN_IF_ERROR(CheckSizes(key, aad, sealed.size()));
  if (sealed.size() <= kTagSize) {
    return Refused("BOX_NOT_AUTHENTIC", "sealed message holds no more than a tag");
  }
  const ByteView text = sealed.first(sealed.size() - kTagSize);
  Bytes tag = ToBytes(sealed.last(kTagSize));
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!context) return OpenSslError("AES-256-GCM set-up");
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(text.size()));
  int written = 0;
  bool ok = key.Reveal([&](ByteView raw) {
    return EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw.data(), kIv.data()) ==
           1;
  });
  ok = ok && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1;
  ok = ok && (aad.empty() ||
              EVP_DecryptUpdate(context.get(), nullptr, &written, aad.data(), IntSize(aad)) == 1);
  if (!ok) return OpenSslError("AES-256-GCM open");
  const bool authentic = out.RevealMutable([&](std::span<uint8_t> buffer) {
    ByteArray<kTagSize> rest{};
    return EVP_DecryptUpdate(context.get(), buffer.data(), &written, text.data(), IntSize(text)) ==
               1 &&
           EVP_DecryptFinal_ex(context.get(), rest.data(), &written) == 1;
  });
  if (!authentic) {
    ClearOpenSslErrors();
    return Refused("BOX_NOT_AUTHENTIC",
                   "AES-256-GCM tag does not fit: other key, other context "
                   "or changed bytes");
  }
  return out;
}

}  // namespace kedge
