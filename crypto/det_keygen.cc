#include "crypto/det_keygen.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace kedge {
namespace {

constexpr size_t kBlock = 32;

// HMAC_DRBG state; K and V determine the key, so both live in locked memory.
class HmacDrbg {
 public:
  static StatusOr<HmacDrbg> Create(const SecretBytes& secret, std::string_view personalization) {
    HmacDrbg drbg;
    ASSIGN_OR_RETURN(drbg.key_, SecretBytes::Create(kBlock));
    ASSIGN_OR_RETURN(drbg.value_, SecretBytes::Create(kBlock));
    drbg.value_.RevealMutable([](std::span<uint8_t> v) { std::fill(v.begin(), v.end(), 1); });
    RETURN_IF_ERROR(drbg.Update(0, &secret, personalization));
    RETURN_IF_ERROR(drbg.Update(1, &secret, personalization));
    return drbg;
  }

  // K = HMAC(K, V || step || secret || personalization); V = HMAC(K, V).
  Status Update(uint8_t step, const SecretBytes* secret, std::string_view personalization) {
    const size_t secret_size = secret == nullptr ? 0 : secret->size();
    ASSIGN_OR_RETURN(SecretBytes input,
                     SecretBytes::Create(kBlock + 1 + secret_size + personalization.size()));
    input.RevealMutable([&](std::span<uint8_t> out) {
      auto at =
          value_.Reveal([&](ByteView v) { return std::copy(v.begin(), v.end(), out.begin()); });
      *at++ = step;
      if (secret != nullptr) {
        at = secret->Reveal([&](ByteView s) { return std::copy(s.begin(), s.end(), at); });
      }
      std::copy(personalization.begin(), personalization.end(), at);
    });
    Hmac(input, key_);
    NextBlock();
    return absl::OkStatus();
  }

  // V = HMAC(K, V).
  const SecretBytes& NextBlock() {
    Hmac(value_, value_);
    return value_;
  }

 private:
  void Hmac(const SecretBytes& input, SecretBytes& out) {
    Sha256Digest mac = input.Reveal([&](ByteView data) { return HmacSha256(key_, data); });
    out.RevealMutable([&](std::span<uint8_t> o) { std::copy(mac.begin(), mac.end(), o.begin()); });
    SecureWipe(mac);
  }

  SecretBytes key_;
  SecretBytes value_;
};

StatusOr<SecretBytes> Candidate(HmacDrbg& drbg, size_t size) {
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(size));
  for (size_t done = 0; done < size; done += kBlock) {
    drbg.NextBlock().Reveal([&](ByteView block) {
      const size_t take = std::min(kBlock, size - done);
      out.RevealMutable([&](std::span<uint8_t> o) {
        std::copy_n(block.begin(), take, o.begin() + static_cast<std::ptrdiff_t>(done));
      });
    });
  }
  return out;
}

}  // namespace

StatusOr<SigningKey> DeterministicKey(Curve curve, const SecretBytes& secret) {
  const bool p256 = curve == Curve::kP256;
  if (secret.size() < (p256 ? 16 : 24)) {
    return MakeError(StatusCode::kInvalidArgument,
                     "deterministic key: secret shorter than 16 bytes (P-256) or 24 (P-384)");
  }
  ASSIGN_OR_RETURN(HmacDrbg drbg, HmacDrbg::Create(secret, p256 ? "det ECDSA key gen P-256"
                                                                : "det ECDSA key gen P-384"));
  ASSIGN_OR_RETURN(SecretBytes scalar, Candidate(drbg, p256 ? 32 : 48));
  StatusOr<SigningKey> key = SigningKey::FromScalar(curve, scalar);
  if (key.status().code() != StatusCode::kInvalidArgument || !p256) return key;
  // Step 11: one retry, for P-256 only, where a candidate misses the order with probability 2^-32.
  RETURN_IF_ERROR(drbg.Update(0, nullptr, ""));
  ASSIGN_OR_RETURN(scalar, Candidate(drbg, 32));
  return SigningKey::FromScalar(curve, scalar);
}

}  // namespace kedge
