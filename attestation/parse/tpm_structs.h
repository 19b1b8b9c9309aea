// TPM 2.0 wire structures that a verifier reads (TPM 2.0 Library part 2). Pure and bounded;
// MALFORMED for anything that is cut off, too long or followed by other bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// TPM_ALG_ID (part 2, table 9).
inline constexpr uint16_t kTpmAlgRsa = 0x0001;
inline constexpr uint16_t kTpmAlgSha1 = 0x0004;
inline constexpr uint16_t kTpmAlgAes = 0x0006;
inline constexpr uint16_t kTpmAlgSha256 = 0x000B;
inline constexpr uint16_t kTpmAlgSha384 = 0x000C;
inline constexpr uint16_t kTpmAlgNull = 0x0010;
inline constexpr uint16_t kTpmAlgRsassa = 0x0014;
inline constexpr uint16_t kTpmAlgRsapss = 0x0016;
inline constexpr uint16_t kTpmAlgEcdsa = 0x0018;
inline constexpr uint16_t kTpmAlgEcc = 0x0023;
inline constexpr uint16_t kTpmAlgCfb = 0x0043;
// TPM_ECC_CURVE (part 2, table 10).
inline constexpr uint16_t kTpmCurveP256 = 0x0003;
inline constexpr uint16_t kTpmCurveP384 = 0x0004;

// TPMA_OBJECT (part 2, 8.3).
inline constexpr uint32_t kObjectFixedTpm = 1u << 1;
inline constexpr uint32_t kObjectFixedParent = 1u << 4;
inline constexpr uint32_t kObjectSensitiveDataOrigin = 1u << 5;
inline constexpr uint32_t kObjectRestricted = 1u << 16;
inline constexpr uint32_t kObjectDecrypt = 1u << 17;
inline constexpr uint32_t kObjectSign = 1u << 18;

inline constexpr uint32_t kTpmGenerated = 0xFF544347;  // TPM_GENERATED_VALUE
inline constexpr uint16_t kTpmAttestQuote = 0x8018;    // TPM_ST_ATTEST_QUOTE

struct TpmPcrSelection {
  uint16_t bank = 0;              // TPM_ALG_ID, as sent
  std::vector<PcrIndex> indices;  // ascending
};

struct TpmQuoteInfo {
  std::vector<TpmPcrSelection> selections;
  Bytes pcr_digest;
};

// TPMS_ATTEST (part 2, 10.12.12). Magic and type are reported as sent: whether they are acceptable
// is the verifier's question. `quote` is set where type is ATTEST_QUOTE.
struct TpmAttest {
  uint32_t magic = 0;
  uint16_t type = 0;
  Bytes qualified_signer;
  Bytes extra_data;
  uint64_t clock_ms = 0;
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
  bool safe = false;
  uint64_t firmware_version = 0;
  std::optional<TpmQuoteInfo> quote;
};
StatusOr<TpmAttest> ParseTpmAttest(ByteView bytes);

struct TpmEcdsaSignature {
  Bytes r;
  Bytes s;
};
struct TpmRsaSignature {
  Bytes bytes;
};
// TPMT_SIGNATURE (part 2, 11.3.4): ECDSA, RSASSA or RSAPSS.
struct TpmSignature {
  uint16_t scheme = 0;
  uint16_t hash = 0;
  std::variant<TpmEcdsaSignature, TpmRsaSignature> value;
};
StatusOr<TpmSignature> ParseTpmSignature(ByteView bytes);

struct TpmRsaPublic {
  uint16_t key_bits = 0;
  uint32_t exponent = 0;  // 0 means 65537
  Bytes modulus;
};
struct TpmEccPublic {
  uint16_t curve = 0;
  Bytes x;
  Bytes y;
};
// TPMT_PUBLIC (part 2, 12.2.4) of an RSA or ECC key.
struct TpmPublic {
  uint16_t name_alg = 0;
  uint32_t attributes = 0;
  Bytes auth_policy;
  uint16_t symmetric = kTpmAlgNull;  // with bits and mode unless null
  uint16_t symmetric_bits = 0;
  uint16_t symmetric_mode = 0;
  uint16_t scheme = kTpmAlgNull;  // with scheme_hash unless null
  uint16_t scheme_hash = 0;
  std::variant<TpmRsaPublic, TpmEccPublic> key;
};
StatusOr<TpmPublic> ParseTpmPublic(ByteView bytes);

// The TPM name of a public area: u16 nameAlg || H(TPMT_PUBLIC) (TPM 2.0 part 1, section 16).
StatusOr<Bytes> NameOf(ByteView tpmt_public);

}  // namespace kedge
