#include "crypto/tpm_rsa.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "crypto/digest.h"
#include "crypto/openssl_ptr.h"
#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

class TpmRsaTest : public ::testing::Test {
 protected:
  static Bytes ModulusOf(EVP_PKEY* key) {
    BIGNUM* raw = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &raw), 1);
    const BnPtr n(raw);
    Bytes out(static_cast<size_t>(BN_num_bytes(n.get())));
    BN_bn2bin(n.get(), out.data());
    return out;
  }
  Bytes Sign(int padding, const EVP_MD* hash, ByteView digest) const {
    const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    EVP_PKEY_sign_init(context.get());
    EVP_PKEY_CTX_set_rsa_padding(context.get(), padding);
    EVP_PKEY_CTX_set_signature_md(context.get(), hash);
    Bytes out(256);
    size_t size = out.size();
    EXPECT_EQ(EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()), 1);
    return out;
  }

  const PkeyPtr key_{EVP_RSA_gen(2048)};
  const Bytes modulus_ = ModulusOf(key_.get());
};

TEST_F(TpmRsaTest, ModulusGivesTheKeysSpki) {
  ASSERT_OK_AND_ASSIGN(const TpmRsaKey key, TpmRsaKey::FromModulus(modulus_, 0));
  EXPECT_EQ(key.spki(), SpkiOf(key_.get()).value());
  ASSERT_OK_AND_ASSIGN(const TpmRsaKey same, TpmRsaKey::FromSpki(key.spki()));
  EXPECT_EQ(same.spki(), key.spki());
}

TEST_F(TpmRsaTest, VerifiesBothPaddingsAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const TpmRsaKey key, TpmRsaKey::FromModulus(modulus_, 65537));
  const Sha256Digest digest = Sha256(AsBytes("quote"));
  const Sha256Digest other = Sha256(AsBytes("other"));
  const Bytes pkcs1 = Sign(RSA_PKCS1_PADDING, EVP_sha256(), digest);
  const Bytes pss = Sign(RSA_PKCS1_PSS_PADDING, EVP_sha256(), digest);
  EXPECT_OK(key.VerifyDigest(RsaPadding::kPkcs1, TpmHash::kSha256, digest, pkcs1));
  EXPECT_OK(key.VerifyDigest(RsaPadding::kPss, TpmHash::kSha256, digest, pss));
  const auto refused = HasFault("BAD_SIGNATURE");
  EXPECT_THAT(key.VerifyDigest(RsaPadding::kPss, TpmHash::kSha256, digest, pkcs1), refused);
  EXPECT_THAT(key.VerifyDigest(RsaPadding::kPkcs1, TpmHash::kSha256, digest, pss), refused);
  EXPECT_THAT(key.VerifyDigest(RsaPadding::kPkcs1, TpmHash::kSha256, other, pkcs1), refused);
  EXPECT_THAT(key.VerifyDigest(RsaPadding::kPkcs1, TpmHash::kSha384, digest, pkcs1), refused);
  EXPECT_THAT(key.VerifyDigest(RsaPadding::kPkcs1, TpmHash::kSha256, digest, {}), refused);
}

TEST_F(TpmRsaTest, BadKeysAreMalformed) {
  Bytes even = modulus_;
  even.back() = static_cast<uint8_t>(even.back() & 0xFE);
  EXPECT_THAT(TpmRsaKey::FromModulus(even, 0), HasFault("MALFORMED"));
  EXPECT_THAT(TpmRsaKey::FromModulus(ByteView(modulus_).first(128), 0), HasFault("MALFORMED"));
  EXPECT_THAT(TpmRsaKey::FromModulus({}, 0), HasFault("MALFORMED"));
  EXPECT_THAT(TpmRsaKey::FromModulus(modulus_, 1), HasFault("MALFORMED"));
  EXPECT_THAT(TpmRsaKey::FromModulus(modulus_, 65536), HasFault("MALFORMED"));
  // 256 bytes that say much less.
  Bytes small(256, 0);
  small.back() = 0xF1;
  EXPECT_THAT(TpmRsaKey::FromModulus(small, 0), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
