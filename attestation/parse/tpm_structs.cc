#include "attestation/parse/tpm_structs.h"

#include <absl/strings/str_cat.h>

#include "base/reader.h"
#include "crypto/tpm_hash.h"

namespace kedge {
namespace {

constexpr size_t kMaxName = 68;       // u16 nameAlg and SHA-512
constexpr size_t kMaxExtraData = 64;  // TPM2B_DATA of a TPM with SHA-512: 2 + 64, at most 64 used
constexpr size_t kMaxDigest = 64;
constexpr size_t kMaxRsaBytes = 512;    // RSA-4096
constexpr size_t kMaxEccBytes = 66;     // P-521
constexpr uint32_t kMaxSelections = 5;  // one for each bank that a TPM may have
constexpr size_t kMaxSelectBytes = 4;

StatusOr<TpmPcrSelection> ReadSelection(Reader& reader) {
  TpmPcrSelection selection;
  ASSIGN_OR_RETURN(selection.bank, reader.U16Be());
  ASSIGN_OR_RETURN(const uint8_t size, reader.U8());
  if (size > kMaxSelectBytes) {
    return Malformed(absl::StrCat("a PCR selection of ", static_cast<int>(size), " bytes"));
  }
  ASSIGN_OR_RETURN(const ByteView mask, reader.Take(size));
  for (PcrIndex index = 0; index < 8 * mask.size(); ++index) {
    if ((mask[index / 8] >> (index % 8)) & 1) selection.indices.push_back(index);
  }
  return selection;
}

StatusOr<TpmQuoteInfo> ReadQuoteInfo(Reader& reader) {
  TpmQuoteInfo quote;
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Be());
  if (count > kMaxSelections) return Malformed(absl::StrCat(count, " PCR selections in a quote"));
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(TpmPcrSelection selection, ReadSelection(reader));
    quote.selections.push_back(std::move(selection));
  }
  ASSIGN_OR_RETURN(const ByteView digest, reader.Sized16Be(kMaxDigest));
  quote.pcr_digest = ToBytes(digest);
  return quote;
}

// TPMT_SYM_DEF_OBJECT.
Status ReadSymmetric(Reader& reader, TpmPublic& out) {
  ASSIGN_OR_RETURN(out.symmetric, reader.U16Be());
  if (out.symmetric == kTpmAlgNull) return absl::OkStatus();
  ASSIGN_OR_RETURN(out.symmetric_bits, reader.U16Be());
  ASSIGN_OR_RETURN(out.symmetric_mode, reader.U16Be());
  return absl::OkStatus();
}

// TPMT_RSA_SCHEME or TPMT_ECC_SCHEME; only the signing schemes carry a hash here.
Status ReadScheme(Reader& reader, TpmPublic& out) {
  ASSIGN_OR_RETURN(out.scheme, reader.U16Be());
  if (out.scheme == kTpmAlgNull) return absl::OkStatus();
  if (out.scheme != kTpmAlgRsassa && out.scheme != kTpmAlgRsapss && out.scheme != kTpmAlgEcdsa) {
    return Malformed(absl::StrCat("key scheme ", out.scheme, " is not RSASSA, RSAPSS or ECDSA"));
  }
  ASSIGN_OR_RETURN(out.scheme_hash, reader.U16Be());
  return absl::OkStatus();
}

StatusOr<TpmRsaPublic> ReadRsa(Reader& reader) {
  TpmRsaPublic rsa;
  ASSIGN_OR_RETURN(rsa.key_bits, reader.U16Be());
  ASSIGN_OR_RETURN(rsa.exponent, reader.U32Be());
  ASSIGN_OR_RETURN(const ByteView modulus, reader.Sized16Be(kMaxRsaBytes));
  if (modulus.size() * 8 != rsa.key_bits) {
    return Malformed(absl::StrCat("an RSA modulus of ", modulus.size(), " bytes in a key of ",
                                  rsa.key_bits, " bits"));
  }
  rsa.modulus = ToBytes(modulus);
  return rsa;
}

StatusOr<TpmEccPublic> ReadEcc(Reader& reader) {
  TpmEccPublic ecc;
  ASSIGN_OR_RETURN(ecc.curve, reader.U16Be());
  ASSIGN_OR_RETURN(const uint16_t kdf, reader.U16Be());
  if (kdf != kTpmAlgNull) return Malformed("an ECC key with a KDF scheme of its own");
  ASSIGN_OR_RETURN(const ByteView x, reader.Sized16Be(kMaxEccBytes));
  ASSIGN_OR_RETURN(const ByteView y, reader.Sized16Be(kMaxEccBytes));
  ecc.x = ToBytes(x);
  ecc.y = ToBytes(y);
  return ecc;
}

}  // namespace

StatusOr<TpmAttest> ParseTpmAttest(ByteView bytes) {
  Reader reader(bytes);
  TpmAttest attest;
  ASSIGN_OR_RETURN(attest.magic, reader.U32Be());
  ASSIGN_OR_RETURN(attest.type, reader.U16Be());
  ASSIGN_OR_RETURN(const ByteView signer, reader.Sized16Be(kMaxName));
  ASSIGN_OR_RETURN(const ByteView extra_data, reader.Sized16Be(kMaxExtraData));
  attest.qualified_signer = ToBytes(signer);
  attest.extra_data = ToBytes(extra_data);
  ASSIGN_OR_RETURN(attest.clock_ms, reader.U64Be());
  ASSIGN_OR_RETURN(attest.reset_count, reader.U32Be());
  ASSIGN_OR_RETURN(attest.restart_count, reader.U32Be());
  ASSIGN_OR_RETURN(const uint8_t safe, reader.U8());
  if (safe > 1) return Malformed("TPMI_YES_NO is 0 or 1");
  attest.safe = safe == 1;
  ASSIGN_OR_RETURN(attest.firmware_version, reader.U64Be());
  // The bodies of other types are not for us to read.
  if (attest.type != kTpmAttestQuote) return attest;
  ASSIGN_OR_RETURN(attest.quote, ReadQuoteInfo(reader));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return attest;
}

StatusOr<TpmSignature> ParseTpmSignature(ByteView bytes) {
  Reader reader(bytes);
  TpmSignature signature;
  ASSIGN_OR_RETURN(signature.scheme, reader.U16Be());
  ASSIGN_OR_RETURN(signature.hash, reader.U16Be());
  if (signature.scheme == kTpmAlgEcdsa) {
    ASSIGN_OR_RETURN(const ByteView r, reader.Sized16Be(kMaxEccBytes));
    ASSIGN_OR_RETURN(const ByteView s, reader.Sized16Be(kMaxEccBytes));
    signature.value = TpmEcdsaSignature{ToBytes(r), ToBytes(s)};
  } else if (signature.scheme == kTpmAlgRsassa || signature.scheme == kTpmAlgRsapss) {
    ASSIGN_OR_RETURN(const ByteView value, reader.Sized16Be(kMaxRsaBytes));
    signature.value = TpmRsaSignature{ToBytes(value)};
  } else {
    return Malformed(
        absl::StrCat("signature scheme ", signature.scheme, " is not RSASSA, RSAPSS or ECDSA"));
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return signature;
}

StatusOr<TpmPublic> ParseTpmPublic(ByteView bytes) {
  Reader reader(bytes);
  TpmPublic out;
  ASSIGN_OR_RETURN(const uint16_t type, reader.U16Be());
  ASSIGN_OR_RETURN(out.name_alg, reader.U16Be());
  ASSIGN_OR_RETURN(out.attributes, reader.U32Be());
  ASSIGN_OR_RETURN(const ByteView policy, reader.Sized16Be(kMaxDigest));
  out.auth_policy = ToBytes(policy);
  if (type != kTpmAlgRsa && type != kTpmAlgEcc) {
    return Malformed(absl::StrCat("object type ", type, " is not RSA or ECC"));
  }
  RETURN_IF_ERROR(ReadSymmetric(reader, out));
  RETURN_IF_ERROR(ReadScheme(reader, out));
  if (type == kTpmAlgRsa) {
    ASSIGN_OR_RETURN(out.key, ReadRsa(reader));
  } else {
    ASSIGN_OR_RETURN(out.key, ReadEcc(reader));
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

StatusOr<Bytes> NameOf(ByteView tpmt_public) {
  ASSIGN_OR_RETURN(const TpmPublic parsed, ParseTpmPublic(tpmt_public));
  ASSIGN_OR_RETURN(const TpmHash hash, TpmHashFromAlg(parsed.name_alg));
  Bytes name = {static_cast<uint8_t>(parsed.name_alg >> 8),
                static_cast<uint8_t>(parsed.name_alg & 0xFF)};
  const Bytes digest = TpmDigest(hash, tpmt_public);
  name.insert(name.end(), digest.begin(), digest.end());
  return name;
}

}  // namespace kedge
