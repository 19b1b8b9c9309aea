// TPM2_MakeCredential in software (TPM 2.0 Library part 1, 24; part 3, 12.6).
#include <absl/strings/str_cat.h>

#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/quote.h"
#include "attestation/verify/verify.h"
#include "crypto/aes_cfb.h"
#include "crypto/ecdh.h"
#include "crypto/tpm_kdf.h"

namespace kedge {
namespace {

constexpr size_t kMaxCredential = 32;  // SHA-256, the smaller of the two EK name algorithms
// "IDENTITY" with its terminating zero, as OAEP's label.
constexpr std::string_view kIdentityLabel("IDENTITY\0", 9);
constexpr std::string_view kIdentity = "IDENTITY";

struct SealedSeed {
  SecretBytes seed;
  Bytes encrypted;  // the inside of TPM2B_ENCRYPTED_SECRET
};

void AppendSized(Bytes& out, ByteView bytes) {
  out.push_back(static_cast<uint8_t>(bytes.size() >> 8));
  out.push_back(static_cast<uint8_t>(bytes.size() & 0xFF));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes Sized(ByteView bytes) {
  Bytes out;
  AppendSized(out, bytes);
  return out;
}

StatusOr<SealedSeed> SealToRsa(const TpmRsaKey& key, TpmHash hash, Random& random) {
  ASSIGN_OR_RETURN(SecretBytes seed, random.Secret(TpmDigestSize(hash)));
  ASSIGN_OR_RETURN(Bytes encrypted, key.EncryptOaep(hash, AsBytes(kIdentityLabel), seed));
  return SealedSeed{std::move(seed), std::move(encrypted)};
}

StatusOr<SealedSeed> SealToEcc(const VerifyKey& key, TpmHash hash, Random& random) {
  const size_t field = key.curve() == Curve::kP256 ? 32 : 48;
  // A scalar beyond the order has a chance below 2^-32 (P-256) and is an error, not a retry.
  ASSIGN_OR_RETURN(const SecretBytes scalar, random.Secret(field));
  ASSIGN_OR_RETURN(const SigningKey ephemeral, SigningKey::FromScalar(key.curve(), scalar));
  ASSIGN_OR_RETURN(const SecretBytes z, EcdhSharedX(ephemeral, key));
  const EcPoint own = PointOf(ephemeral.public_key());
  ASSIGN_OR_RETURN(SecretBytes seed,
                   TpmKdfE(hash, z, kIdentity, own.x, PointOf(key).x, TpmDigestSize(hash)));
  Bytes encrypted;
  AppendSized(encrypted, own.x);
  AppendSized(encrypted, own.y);
  return SealedSeed{std::move(seed), std::move(encrypted)};
}

// TPM2B_DIGEST of the credential value.
StatusOr<SecretBytes> SizedSecret(const SecretBytes& secret) {
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(2 + secret.size()));
  secret.Reveal([&](ByteView raw) {
    out.RevealMutable([&](std::span<uint8_t> buffer) {
      buffer[0] = 0;
      buffer[1] = static_cast<uint8_t>(raw.size());
      std::copy(raw.begin(), raw.end(), buffer.begin() + 2);
    });
  });
  return out;
}

}  // namespace

StatusOr<CredentialBlob> MakeCredential(ByteView ek_public, ByteView ak_name,
                                        const SecretBytes& secret, Random& random) {
  if (secret.empty() || secret.size() > kMaxCredential) {
    return MakeError(StatusCode::kInvalidArgument, "a credential has 1 to 32 bytes");
  }
  ASSIGN_OR_RETURN(const TpmPublic ek, ParseTpmPublic(ek_public));
  ASSIGN_OR_RETURN(const TpmHash hash, TpmHashFromAlg(ek.name_alg));
  if (ek.symmetric != kTpmAlgAes || ek.symmetric_mode != kTpmAlgCfb ||
      (ek.symmetric_bits != 128 && ek.symmetric_bits != 256)) {
    return Malformed("an EK protects its credentials with AES-128-CFB or AES-256-CFB");
  }
  ASSIGN_OR_RETURN(const TpmVerifyKey key, KeyOf(ek));
  const auto* rsa = std::get_if<TpmRsaKey>(&key);
  ASSIGN_OR_RETURN(const SealedSeed sealed,
                   rsa != nullptr ? SealToRsa(*rsa, hash, random)
                                  : SealToEcc(std::get<VerifyKey>(key), hash, random));

  ASSIGN_OR_RETURN(const SecretBytes storage_key,
                   TpmKdfA(hash, sealed.seed, "STORAGE", ak_name, {}, ek.symmetric_bits / 8u));
  ASSIGN_OR_RETURN(const SecretBytes hmac_key,
                   TpmKdfA(hash, sealed.seed, "INTEGRITY", {}, {}, TpmDigestSize(hash)));
  ASSIGN_OR_RETURN(const SecretBytes sized, SizedSecret(secret));
  ASSIGN_OR_RETURN(const Bytes identity, AesCfbEncrypt(storage_key, sized));
  Bytes id_object = Sized(TpmHmac(hash, hmac_key, {identity, ak_name}));
  id_object.insert(id_object.end(), identity.begin(), identity.end());
  return CredentialBlob{Sized(id_object), Sized(sealed.encrypted)};
}

}  // namespace kedge
