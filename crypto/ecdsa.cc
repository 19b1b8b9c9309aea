#include "crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include <algorithm>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

// What comes before an uncompressed point in the SubjectPublicKeyInfo of a named curve (RFC 5480):
// every key that is accepted here begins with one of these. Written and read as it is, because
// OpenSSL 3.0's own decoder and encoder take longer than verifying a P-256 signature.
constexpr uint8_t kP256Spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr uint8_t kP384Spki[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86,
                                 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B,
                                 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};

struct CurveTerms {
  Curve curve;
  const char* name;
  int nid;
  size_t field_size;
  std::span<const uint8_t> spki_prefix;

  size_t point_size() const { return 1 + 2 * field_size; }
};
constexpr CurveTerms kCurves[] = {{Curve::kP256, "prime256v1", NID_X9_62_prime256v1, 32, kP256Spki},
                                  {Curve::kP384, "secp384r1", NID_secp384r1, 48, kP384Spki}};

const CurveTerms& TermsOf(Curve curve) { return curve == Curve::kP256 ? kCurves[0] : kCurves[1]; }

const EVP_MD* HashOf(Curve curve) { return curve == Curve::kP256 ? EVP_sha256() : EVP_sha384(); }

// Also refuses keys with explicit curve parameters, even those of a known curve.
StatusOr<Curve> CurveOf(EVP_PKEY* key) {
  int explicit_parameters = 0;
  char name[64] = "";
  size_t size = 0;
  const bool named = EVP_PKEY_get_id(key) == EVP_PKEY_EC &&
                     EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                            &explicit_parameters) == 1 &&
                     explicit_parameters == 0 &&
                     EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1;
  ClearOpenSslErrors();
  if (named) {
    for (const CurveTerms& terms : kCurves) {
      if (std::string_view(name) == terms.name) return terms.curve;
    }
  }
  return Malformed("not an elliptic-curve key on P-256 or P-384");
}

StatusOr<PkeyPtr> KeyFromParams(int selection, OSSL_PARAM* params) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* raw = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, selection, params) != 1) {
    ClearOpenSslErrors();
    return Malformed("not a point of the curve");
  }
  return PkeyPtr(raw);
}

OSSL_PARAM GroupParam(const CurveTerms& terms) {
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(terms.name),
                                          0);
}

}  // namespace

// An uncompressed point of a named curve and nothing else: explicit parameters, compressed forms
// and the point at infinity have another beginning or another size.
StatusOr<VerifyKey> VerifyKey::FromSpki(ByteView der) {
  for (const CurveTerms& terms : kCurves) {
    const size_t before = terms.spki_prefix.size();
    if (der.size() != before + terms.point_size() ||
        !Equal(der.first(before), ByteView(terms.spki_prefix)) ||
        der[before] != POINT_CONVERSION_UNCOMPRESSED) {
      continue;
    }
    Bytes point = ToBytes(der.subspan(before));
    OSSL_PARAM params[] = {
        GroupParam(terms),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    ASSIGN_OR_RETURN(PkeyPtr key, KeyFromParams(EVP_PKEY_PUBLIC_KEY, params));
    return VerifyKey(std::shared_ptr<EVP_PKEY>(std::move(key)), terms.curve, ToBytes(der));
  }
  return Malformed("not an elliptic-curve key on P-256 or P-384 with an uncompressed point");
}

StatusOr<VerifyKey> VerifyKey::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(const Bytes spki, SpkiFromPem(pem));
  return FromSpki(spki);
}

StatusOr<VerifyKey> VerifyKey::FromPoint(Curve curve, ByteView x, ByteView y) {
  const CurveTerms& terms = TermsOf(curve);
  if (x.size() > terms.field_size || y.size() > terms.field_size) {
    return Malformed("coordinate larger than the curve's field");
  }
  Bytes spki(terms.spki_prefix.begin(), terms.spki_prefix.end());
  spki.push_back(POINT_CONVERSION_UNCOMPRESSED);
  spki.resize(terms.spki_prefix.size() + terms.point_size(), 0);
  std::copy_backward(x.begin(), x.end(),
                     spki.end() - static_cast<std::ptrdiff_t>(terms.field_size));
  std::copy_backward(y.begin(), y.end(), spki.end());
  return FromSpki(spki);
}

std::string VerifyKey::Pem() const { return SpkiToPem(spki_); }

Status VerifyKey::Verify(ByteView message, ByteView signature_der) const {
  const MdCtxPtr context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, HashOf(curve_), nullptr, key_.get()) != 1) {
    return OpenSslError("ECDSA set-up");
  }
  if (EVP_DigestVerify(context.get(), signature_der.data(), signature_der.size(), message.data(),
                       message.size()) != 1) {
    ClearOpenSslErrors();
    return Refused("BAD_SIGNATURE", "ECDSA signature does not fit the key and the message");
  }
  return absl::OkStatus();
}

Status VerifyKey::VerifyDigestRs(ByteView digest, ByteView r, ByteView s) const {
  const size_t field_size = TermsOf(curve_).field_size;
  if (digest.empty() || digest.size() > 64 || r.size() > field_size || s.size() > field_size) {
    return Malformed("ECDSA digest or signature of a wrong size");
  }
  BnPtr r_number(BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
  BnPtr s_number(BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  const EcdsaSigPtr signature(ECDSA_SIG_new());
  if (!r_number || !s_number || !signature) return OpenSslError("ECDSA set-up");
  if (ECDSA_SIG_set0(signature.get(), r_number.get(), s_number.get()) != 1) {
    return OpenSslError("ECDSA set-up");
  }
  // Both now belong to the signature.
  static_cast<void>(r_number.release());
  static_cast<void>(s_number.release());
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return OpenSslError("ECDSA signature encoding");
  const Bytes encoded(der, der + size);
  OPENSSL_free(der);
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  if (!context || EVP_PKEY_verify_init(context.get()) != 1) return OpenSslError("ECDSA set-up");
  if (EVP_PKEY_verify(context.get(), encoded.data(), encoded.size(), digest.data(),
                      digest.size()) != 1) {
    ClearOpenSslErrors();
    return Refused("BAD_SIGNATURE", "ECDSA signature does not fit the key and the digest");
  }
  return absl::OkStatus();
}

StatusOr<SigningKey> SigningKey::Generate(Curve curve) {
  const PkeyPtr key(EVP_EC_gen(TermsOf(curve).name));
  if (!key) return OpenSslError("ECDSA key generation");
  ASSIGN_OR_RETURN(const SecretBytes pem, PrivateKeyToPem(key.get()));
  return FromPem(pem);
}

StatusOr<SigningKey> SigningKey::FromScalar(Curve curve, const SecretBytes& scalar) {
  const CurveTerms& terms = TermsOf(curve);
  if (scalar.size() != terms.field_size) {
    return MakeError(StatusCode::kInvalidArgument, "private scalar must have the curve's size");
  }
  const EcGroupPtr group(EC_GROUP_new_by_curve_name(terms.nid));
  const BnPtr number(BN_secure_new());
  const EcPointPtr point(group ? EC_POINT_new(group.get()) : nullptr);
  if (!point || !number) return OpenSslError("private scalar set-up");
  const bool read = scalar.Reveal([&](ByteView raw) {
    return BN_bin2bn(raw.data(), static_cast<int>(raw.size()), number.get()) != nullptr;
  });
  if (!read) return OpenSslError("private scalar");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0) {
    return MakeError(StatusCode::kInvalidArgument, "private scalar is not between 0 and the order");
  }
  Bytes encoded(1 + 2 * terms.field_size);
  if (EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                         encoded.size(), nullptr) != encoded.size()) {
    return OpenSslError("public point of a private scalar");
  }
  // OSSL_PARAM takes integers in the machine's byte order; the buffer is wiped with its owner.
  ASSIGN_OR_RETURN(SecretBytes native, SecretBytes::Create(terms.field_size));
  ASSIGN_OR_RETURN(PkeyPtr key, native.RevealMutable([&](std::span<uint8_t> buffer) {
    BN_bn2nativepad(number.get(), buffer.data(), static_cast<int>(buffer.size()));
    OSSL_PARAM params[] = {
        GroupParam(terms),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, buffer.data(), buffer.size()),
        OSSL_PARAM_construct_end()};
    return KeyFromParams(EVP_PKEY_KEYPAIR, params);
  }));
  ASSIGN_OR_RETURN(Bytes spki, SpkiOf(key.get()));
  return SigningKey(VerifyKey(std::shared_ptr<EVP_PKEY>(std::move(key)), curve, std::move(spki)));
}

StatusOr<SigningKey> SigningKey::FromPem(const SecretBytes& pem) {
  ASSIGN_OR_RETURN(PkeyPtr key, PrivateKeyFromPem(pem));
  ASSIGN_OR_RETURN(const Curve curve, CurveOf(key.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!context || EVP_PKEY_pairwise_check(context.get()) != 1) {
    ClearOpenSslErrors();
    return Malformed("private and public half of the key do not belong together");
  }
  ASSIGN_OR_RETURN(Bytes spki, SpkiOf(key.get()));
  return SigningKey(VerifyKey(std::shared_ptr<EVP_PKEY>(std::move(key)), curve, std::move(spki)));
}

StatusOr<SecretBytes> SigningKey::PrivatePem() const { return PrivateKeyToPem(native()); }

StatusOr<SecretBytes> SigningKey::Scalar() const {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(native(), OSSL_PKEY_PARAM_PRIV_KEY, &raw) != 1) {
    return OpenSslError("private scalar");
  }
  const BnPtr number(raw);
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(TermsOf(public_.curve()).field_size));
  const bool ok = out.RevealMutable([&](std::span<uint8_t> buffer) {
    return BN_bn2binpad(number.get(), buffer.data(), static_cast<int>(buffer.size())) >= 0;
  });
  if (!ok) return OpenSslError("private scalar");
  return out;
}

StatusOr<Bytes> SigningKey::Sign(ByteView message) const {
  const MdCtxPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, HashOf(public_.curve()), nullptr, native()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1) {
    return OpenSslError("ECDSA set-up");
  }
  Bytes out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    return OpenSslError("ECDSA signature");
  }
  out.resize(size);
  return out;
}

}  // namespace kedge
