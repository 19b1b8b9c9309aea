#include "attestation/tpm/key_templates.h"

#include <algorithm>
#include <string_view>

namespace kedge {
namespace {

// TCG EK Credential Profile 2.5, B.6: policies as digests.
constexpr std::string_view kPolicyASha256 =
    "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
constexpr std::string_view kPolicyASha384 =
    "8bbf2266537c171cb56e403c4dc1d4b64f432611dc386e6f532050c3278c930e"
    "143e8bb1133824ccb431053871c6db53";
constexpr std::string_view kPolicyBSha384 =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
    "cb47ba09699646150f9fc000f3f80e12";
constexpr std::string_view kPolicyCSha384 =
    "d6032ce61f2fb3c240eb3cf6a33237ef2b6a16f4293c22b455e261cffd217ad5"
    "b4947c2d73e63005eed2dc2b3593d165";

TPM2B_DIGEST Digest(std::string_view hex) {
  const Bytes bytes = *FromHex(hex);
  TPM2B_DIGEST out = {};
  out.size = static_cast<uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.buffer);
  return out;
}

TPMT_SYM_DEF_OBJECT AesCfb(uint16_t bits) {
  TPMT_SYM_DEF_OBJECT out = {};
  out.algorithm = TPM2_ALG_AES;
  out.keyBits.aes = bits;
  out.mode.aes = TPM2_ALG_CFB;
  return out;
}

}  // namespace

TPM2B_PUBLIC AkTemplate() {
  TPM2B_PUBLIC out = {};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  // noDA: otherwise every power cut after a use of the key counts as a failed try (TPM 2.0 Library
  // part 1, 19.8.6), and a node that loses power often could no longer attest. Its password is
  // empty, so there is nothing to guess.
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
  TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_ECDSA;
  ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

EkTemplate RsaEkTemplate() {
  EkTemplate out;
  out.certificate_index = 0x01C00002;
  TPMT_PUBLIC& area = out.public_area.publicArea;
  area.type = TPM2_ALG_RSA;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  area.authPolicy = Digest(kPolicyASha256);
  TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
  rsa.symmetric = AesCfb(128);
  rsa.scheme.scheme = TPM2_ALG_NULL;
  rsa.keyBits = 2048;
  area.unique.rsa.size = 256;  // zero bytes
  return out;
}

EkTemplate EccEkTemplate() {
  EkTemplate out;
  out.certificate_index = 0x01C00016;
  TPMT_PUBLIC& area = out.public_area.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA384;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED |
                          TPMA_OBJECT_DECRYPT;
  area.authPolicy = Digest(kPolicyBSha384);
  TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
  ecc.symmetric = AesCfb(256);
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P384;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  out.policy_or = {Digest(kPolicyASha384), Digest(kPolicyCSha384)};
  return out;
}

}  // namespace kedge
