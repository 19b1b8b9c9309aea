// Builders of TPM wire structures for fakes and hostile inputs (TPM 2.0 Library part 2). They check
// nothing: a test may build whatever it wants refused.
#pragma once

#include <string_view>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"

namespace kedge::testing {

// Big-endian writer with TPM2B_* sizes.
class TpmWriter {
 public:
  TpmWriter& U8(uint8_t value);
  TpmWriter& U16(uint16_t value);
  TpmWriter& U32(uint32_t value);
  TpmWriter& U64(uint64_t value);
  TpmWriter& Raw(ByteView bytes);
  TpmWriter& Sized(ByteView bytes);  // TPM2B: u16 size and the bytes
  Bytes Take() && { return std::move(out_); }

 private:
  Bytes out_;
};

// A TPMS_ATTEST of a quote (part 2, 10.12.8 and 10.12.1), every field as given.
struct QuoteAttest {
  uint32_t magic = 0xFF544347;
  uint16_t type = 0x8018;
  Bytes qualified_signer = Bytes(34, 0x5A);
  Bytes extra_data;
  uint64_t clock = 123456;
  uint32_t reset_count = 1;
  uint32_t restart_count = 0;
  uint8_t safe = 1;
  uint64_t firmware_version = 0x20240101;
  uint16_t bank = 0x000B;
  std::vector<PcrIndex> selection;
  Bytes pcr_digest;
};
Bytes EncodeQuoteAttest(const QuoteAttest& attest);
// SHA-256 over the values in ascending order of index.
Bytes PcrDigestOf(const PcrValues& pcrs);

// TPMT_SIGNATURE, ECDSA, with r and s as given.
Bytes EncodeEcdsaSignature(uint16_t hash_alg, ByteView r, ByteView s);
// The same from DER.
Bytes EncodeEcdsaSignatureFromDer(uint16_t hash_alg, ByteView der);

// Restricted, sign, noDA, userWithAuth, sensitiveDataOrigin, fixedParent, fixedTPM.
inline constexpr uint32_t kAkAttributes = 0x00050472;
// TPMT_PUBLIC of an ECC P-256 ECDSA-SHA-256 signing key.
Bytes EncodeAkPublic(ByteView x, ByteView y, uint32_t attributes = kAkAttributes);
// TPMT_PUBLIC by the templates L-1 (RSA-2048) and H-3 (ECC P-384) of the TCG EK Credential Profile.
Bytes EncodeRsaEkPublic(ByteView modulus);
Bytes EncodeEccEkPublic(ByteView x, ByteView y);

}  // namespace kedge::testing
