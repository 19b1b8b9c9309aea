#include "attestation/model/testing/tpm_wire.h"

#include <openssl/ecdsa.h>

#include "base/lp.h"
#include "crypto/digest.h"

namespace kedge::testing {
namespace {

constexpr uint32_t kRsaEkAttributes = 0x000300B2;
constexpr uint32_t kEccEkAttributes = 0x000300F2;
constexpr std::string_view kPolicyASha256 =
    "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
constexpr std::string_view kPolicyBSha384 =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
    "cb47ba09699646150f9fc000f3f80e12";

}  // namespace

TpmWriter& TpmWriter::U8(uint8_t value) {
  out_.push_back(value);
  return *this;
}
TpmWriter& TpmWriter::U16(uint16_t value) {
  return U8(static_cast<uint8_t>(value >> 8)).U8(static_cast<uint8_t>(value & 0xFF));
}
TpmWriter& TpmWriter::U32(uint32_t value) { return Raw(U32Be(value)); }
TpmWriter& TpmWriter::U64(uint64_t value) { return Raw(U64Be(value)); }
TpmWriter& TpmWriter::Raw(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}
TpmWriter& TpmWriter::Sized(ByteView bytes) {
  return U16(static_cast<uint16_t>(bytes.size())).Raw(bytes);
}

Bytes EncodeQuoteAttest(const QuoteAttest& attest) {
  Bytes mask(3, 0);
  for (PcrIndex index : attest.selection) {
    if (index < 24) mask[index / 8] = static_cast<uint8_t>(mask[index / 8] | (1u << (index % 8)));
  }
  TpmWriter writer;
  writer.U32(attest.magic)
      .U16(attest.type)
      .Sized(attest.qualified_signer)
      .Sized(attest.extra_data)
      .U64(attest.clock)
      .U32(attest.reset_count)
      .U32(attest.restart_count)
      .U8(attest.safe)
      .U64(attest.firmware_version)
      .U32(1)
      .U16(attest.bank)
      .U8(3)
      .Raw(mask)
      .Sized(attest.pcr_digest);
  return std::move(writer).Take();
}

Bytes PcrDigestOf(const PcrValues& pcrs) {
  Bytes all;
  for (const auto& [index, value] : pcrs) all.insert(all.end(), value.begin(), value.end());
  return ToBytes(Sha256(all));
}

Bytes EncodeEcdsaSignature(uint16_t hash_alg, ByteView r, ByteView s) {
  TpmWriter writer;
  writer.U16(0x0018).U16(hash_alg).Sized(r).Sized(s);
  return std::move(writer).Take();
}

Bytes EncodeEcdsaSignatureFromDer(uint16_t hash_alg, ByteView der) {
  const unsigned char* at = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  if (signature == nullptr) return {};
  Bytes r(32), s(32);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), r.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), s.data(), 32);
  ECDSA_SIG_free(signature);
  return EncodeEcdsaSignature(hash_alg, r, s);
}

Bytes EncodeAkPublic(ByteView x, ByteView y, uint32_t attributes) {
  TpmWriter writer;
  writer.U16(0x0023).U16(0x000B).U32(attributes).Sized({});
  writer.U16(0x0010);              // symmetric: none
  writer.U16(0x0018).U16(0x000B);  // ECDSA, SHA-256
  writer.U16(0x0003).U16(0x0010);  // P-256, no KDF
  writer.Sized(x).Sized(y);
  return std::move(writer).Take();
}

Bytes EncodeRsaEkPublic(ByteView modulus) {
  TpmWriter writer;
  writer.U16(0x0001).U16(0x000B).U32(kRsaEkAttributes).Sized(*FromHex(kPolicyASha256));
  writer.U16(0x0006).U16(128).U16(0x0043);  // AES-128-CFB
  writer.U16(0x0010);                       // no scheme
  writer.U16(2048).U32(0);
  writer.Sized(modulus);
  return std::move(writer).Take();
}

Bytes EncodeEccEkPublic(ByteView x, ByteView y) {
  TpmWriter writer;
  writer.U16(0x0023).U16(0x000C).U32(kEccEkAttributes).Sized(*FromHex(kPolicyBSha384));
  writer.U16(0x0006).U16(256).U16(0x0043);  // AES-256-CFB
  writer.U16(0x0010);                       // no scheme
  writer.U16(0x0004).U16(0x0010);           // P-384, no KDF
  writer.Sized(x).Sized(y);
  return std::move(writer).Take();
}

}  // namespace kedge::testing
