#include "attestation/verify/quote.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "crypto/tpm_hash.h"

namespace kedge {
namespace {

std::string Describe(uint16_t bank, const std::vector<PcrIndex>& indices) {
  return absl::StrCat("bank ", bank, " PCRs ", absl::StrJoin(indices, ","));
}

Status VerifyValue(const TpmVerifyKey& key, const TpmSignature& signature, TpmHash hash,
                   ByteView digest) {
  const auto* ecdsa = std::get_if<TpmEcdsaSignature>(&signature.value);
  const auto* rsa = std::get_if<TpmRsaSignature>(&signature.value);
  const auto* ec_key = std::get_if<VerifyKey>(&key);
  const auto* rsa_key = std::get_if<TpmRsaKey>(&key);
  if (ecdsa != nullptr && ec_key != nullptr) {
    return ec_key->VerifyDigestRs(digest, ecdsa->r, ecdsa->s);
  }
  if (rsa != nullptr && rsa_key != nullptr) {
    const RsaPadding padding =
        signature.scheme == kTpmAlgRsapss ? RsaPadding::kPss : RsaPadding::kPkcs1;
    return rsa_key->VerifyDigest(padding, hash, digest, rsa->bytes);
  }
  return Refused("BAD_SIGNATURE", "the quote's signature scheme does not fit the key");
}

Status CheckSelection(const TpmQuoteInfo& quote, const QuoteExpectation& expected) {
  const auto bank = static_cast<uint16_t>(expected.bank);
  if (quote.selections.size() == 1 && quote.selections[0].bank == bank &&
      quote.selections[0].indices == expected.selection) {
    return absl::OkStatus();
  }
  std::string actual;
  for (const TpmPcrSelection& selection : quote.selections) {
    absl::StrAppend(&actual, actual.empty() ? "" : "; ",
                    Describe(selection.bank, selection.indices));
  }
  return Refused("PCR_SELECTION", absl::StrCat("the quote covers ", actual, "; expected exactly ",
                                               Describe(bank, expected.selection)));
}

// The quote hashes the selected values in ascending order of index, with the hash of its signature.
Status CheckDigest(const TpmQuoteInfo& quote, TpmHash hash, const PcrValues& pcrs,
                   const QuoteExpectation& expected) {
  Bytes all;
  for (PcrIndex index : expected.selection) {
    const auto value = pcrs.find(index);
    if (value == pcrs.end() || value->second.size() != DigestSize(expected.bank)) {
      return Refused("PCR_DIGEST", absl::StrCat("no value was sent for PCR ", index));
    }
    all.insert(all.end(), value->second.begin(), value->second.end());
  }
  if (pcrs.size() != expected.selection.size()) {
    return Refused("PCR_DIGEST", "values were sent for PCRs that the quote does not cover");
  }
  const Bytes digest = TpmDigest(hash, all);
  if (Equal(digest, quote.pcr_digest)) return absl::OkStatus();
  return Refused("PCR_DIGEST", absl::StrCat("the quote covers PCR digest ", ToHex(quote.pcr_digest),
                                            ", the values sent give ", ToHex(digest)));
}

}  // namespace

StatusOr<TpmVerifyKey> KeyOf(const TpmPublic& public_area) {
  if (const auto* rsa = std::get_if<TpmRsaPublic>(&public_area.key)) {
    ASSIGN_OR_RETURN(TpmRsaKey key, TpmRsaKey::FromModulus(rsa->modulus, rsa->exponent));
    return TpmVerifyKey(std::move(key));
  }
  const auto& ecc = std::get<TpmEccPublic>(public_area.key);
  if (ecc.curve != kTpmCurveP256 && ecc.curve != kTpmCurveP384) {
    return Malformed(absl::StrCat("ECC curve ", ecc.curve, " is not P-256 or P-384"));
  }
  ASSIGN_OR_RETURN(
      VerifyKey key,
      VerifyKey::FromPoint(ecc.curve == kTpmCurveP256 ? Curve::kP256 : Curve::kP384, ecc.x, ecc.y));
  return TpmVerifyKey(std::move(key));
}

const Bytes& SpkiOf(const TpmVerifyKey& key) {
  return std::visit([](const auto& value) -> const Bytes& { return value.spki(); }, key);
}

Status CheckAkProperties(const TpmPublic& public_area) {
  constexpr uint32_t kNeeded = kObjectRestricted | kObjectSign | kObjectFixedTpm |
                               kObjectFixedParent | kObjectSensitiveDataOrigin;
  const bool good = (public_area.attributes & kNeeded) == kNeeded &&
                    (public_area.attributes & kObjectDecrypt) == 0 &&
                    public_area.scheme != kTpmAlgNull;
  if (good) return absl::OkStatus();
  return Refused("AK_PROPERTIES",
                 absl::StrCat("attestation key with attributes ", absl::Hex(public_area.attributes),
                              ", expected a restricted signing key that was made in its TPM and "
                              "cannot leave it"));
}

StatusOr<TpmAttest> VerifyQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                                const PcrValues& pcrs, const QuoteExpectation& expected) {
  ASSIGN_OR_RETURN(TpmAttest attest, ParseTpmAttest(quoted));
  ASSIGN_OR_RETURN(const TpmSignature parsed, ParseTpmSignature(signature));
  const StatusOr<TpmHash> hash = TpmHashFromAlg(parsed.hash);
  if (!hash.ok()) {
    return Refused("SIG_ALGO", absl::StrCat("the quote is signed over hash algorithm ", parsed.hash,
                                            ", expected SHA-256 or stronger"));
  }
  if (attest.magic != kTpmGenerated) {
    return Refused("TPM_MAGIC", "the signed bytes were not made by a TPM (no TPM_GENERATED)");
  }
  if (attest.type != kTpmAttestQuote || !attest.quote) {
    return Refused("TPM_TYPE", absl::StrCat("attestation type ", attest.type, " is not a quote"));
  }
  RETURN_IF_ERROR(VerifyValue(key, parsed, *hash, TpmDigest(*hash, quoted)));
  if (!Equal(attest.extra_data, expected.extra_data)) {
    return Refused("NONCE", absl::StrCat("the quote's extraData is ", ToHex(attest.extra_data),
                                         ", expected ", ToHex(expected.extra_data),
                                         ": the evidence belongs to another exchange"));
  }
  RETURN_IF_ERROR(CheckSelection(*attest.quote, expected));
  RETURN_IF_ERROR(CheckDigest(*attest.quote, *hash, pcrs, expected));
  return attest;
}

}  // namespace kedge
