#include "attestation/verify/quote.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

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

std::string Describe(const std::vector<TpmPcrSelection>& selections) {
  std::string out;
  for (const TpmPcrSelection& selection : selections) {
    absl::StrAppend(&out, out.empty() ? "" : "; ", Describe(selection.bank, selection.indices));
  }
  return out.empty() ? "nothing" : out;
}

std::vector<TpmPcrSelection> SelectionsOf(const PcrBankValues& banks) {
  std::vector<TpmPcrSelection> out;
  for (const auto& [bank, values] : banks) {
    if (values.empty()) continue;
    TpmPcrSelection selection{static_cast<uint16_t>(bank), {}};
    for (const auto& [index, value] : values) selection.indices.push_back(index);
    out.push_back(std::move(selection));
  }
  return out;
}

// A bank named without PCRs asks for nothing; a bank named twice is nothing that we would ask for.
std::vector<TpmPcrSelection> Normalised(std::vector<TpmPcrSelection> selections) {
  std::erase_if(selections, [](const TpmPcrSelection& entry) { return entry.indices.empty(); });
  std::sort(selections.begin(), selections.end(),
            [](const auto& a, const auto& b) { return a.bank < b.bank; });
  return selections;
}

bool Same(const std::vector<TpmPcrSelection>& a, const std::vector<TpmPcrSelection>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& left, const auto& right) {
                      return left.bank == right.bank && left.indices == right.indices;
                    });
}

Status CheckSelection(const TpmQuoteInfo& quote, const PcrBankValues& expected) {
  const std::vector<TpmPcrSelection> wanted = SelectionsOf(expected);
  if (Same(Normalised(quote.selections), wanted)) return absl::OkStatus();
  return Refused("PCR_SELECTION", absl::StrCat("the quote covers ", Describe(quote.selections),
                                               "; expected exactly ", Describe(wanted)));
}

// The quote hashes the selected values in its own order of banks, indices ascending, with the hash
// of its signature (TPM 2.0 Library part 3, 18.4).
Status CheckDigest(const TpmQuoteInfo& quote, TpmHash hash, const PcrBankValues& pcrs) {
  Bytes all;
  size_t used = 0;
  for (const TpmPcrSelection& selection : quote.selections) {
    const auto bank = pcrs.find(static_cast<PcrBank>(selection.bank));
    for (PcrIndex index : selection.indices) {
      const Bytes* value = nullptr;
      if (bank != pcrs.end()) {
        const auto found = bank->second.find(index);
        if (found != bank->second.end()) value = &found->second;
      }
      if (value == nullptr || value->size() != DigestSize(bank->first)) {
        return Refused("PCR_DIGEST", absl::StrCat("no value was sent for PCR ", index));
      }
      all.insert(all.end(), value->begin(), value->end());
      ++used;
    }
  }
  size_t sent = 0;
  for (const auto& [bank, values] : pcrs) sent += values.size();
  if (sent != used) {
    return Refused("PCR_DIGEST", "values were sent for PCRs that the quote does not cover");
  }
  const Bytes digest = TpmDigest(hash, all);
  if (Equal(digest, quote.pcr_digest)) return absl::OkStatus();
  return Refused("PCR_DIGEST", absl::StrCat("the quote covers PCR digest ", ToHex(quote.pcr_digest),
                                            ", the values sent give ", ToHex(digest)));
}

StatusOr<TpmVerifyKey> KeyOfSpki(ByteView spki) {
  if (StatusOr<TpmRsaKey> rsa = TpmRsaKey::FromSpki(spki); rsa.ok()) {
    return TpmVerifyKey(*std::move(rsa));
  }
  StatusOr<VerifyKey> key = VerifyKey::FromSpki(spki);
  if (!key.ok()) {
    return Malformed("attestation key is neither RSA of at least 2048 bits nor P-256 nor P-384");
  }
  return TpmVerifyKey(*std::move(key));
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

StatusOr<AttestationKey> ParseAttestationKey(ByteView bytes) {
  constexpr std::string_view kPem = "-----BEGIN";
  constexpr uint8_t kSequence = 0x30;
  if (AsText(bytes).starts_with(kPem)) {
    if (StatusOr<TpmRsaKey> rsa = TpmRsaKey::FromPem(AsText(bytes)); rsa.ok()) {
      return AttestationKey{*std::move(rsa), {}};
    }
    ASSIGN_OR_RETURN(VerifyKey key, VerifyKey::FromPem(AsText(bytes)));
    return AttestationKey{std::move(key), {}};
  }
  if (!bytes.empty() && bytes[0] == kSequence) {
    ASSIGN_OR_RETURN(TpmVerifyKey key, KeyOfSpki(bytes));
    return AttestationKey{std::move(key), {}};
  }
  // TPM2B_PUBLIC is the same with its size in front.
  const bool sized = bytes.size() > 2 && size_t{bytes[0]} * 256 + bytes[1] == bytes.size() - 2;
  ASSIGN_OR_RETURN(TpmPublic area, ParseTpmPublic(sized ? bytes.subspan(2) : bytes));
  ASSIGN_OR_RETURN(TpmVerifyKey key, KeyOf(area));
  return AttestationKey{std::move(key), std::move(area)};
}

QuoteJudgement JudgeQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                          const PcrBankValues& pcrs, const QuoteQuestion& question) {
  QuoteJudgement out;
  StatusOr<TpmAttest> attest = ParseTpmAttest(quoted);
  const StatusOr<TpmSignature> parsed = ParseTpmSignature(signature);
  if (!attest.ok() || !parsed.ok()) {
    out.format = attest.ok() ? parsed.status() : attest.status();
    return out;
  }
  out.attest = *std::move(attest);
  out.signature_scheme = parsed->scheme;
  out.signature_hash = parsed->hash;
  if (out.attest.magic != kTpmGenerated) {
    out.magic = Refused("TPM_MAGIC", "the signed bytes were not made by a TPM (no TPM_GENERATED)");
  }
  if (out.attest.type != kTpmAttestQuote || !out.attest.quote) {
    out.type =
        Refused("TPM_TYPE", absl::StrCat("attestation type ", out.attest.type, " is not a quote"));
  }
  if (question.extra_data && !Equal(out.attest.extra_data, *question.extra_data)) {
    out.nonce =
        Refused("NONCE", absl::StrCat("the quote's extraData is ", ToHex(out.attest.extra_data),
                                      ", expected ", ToHex(*question.extra_data),
                                      ": the evidence belongs to another exchange"));
  }
  if (out.attest.quote) out.selection = CheckSelection(*out.attest.quote, question.selection);
  const StatusOr<TpmHash> hash = TpmHashFromAlg(parsed->hash);
  if (!hash.ok()) {
    out.algorithm =
        Refused("SIG_ALGO", absl::StrCat("the quote is signed over hash algorithm ", parsed->hash,
                                         ", expected SHA-256 or stronger"));
    return out;
  }
  out.signature = VerifyValue(key, *parsed, *hash, TpmDigest(*hash, quoted));
  if (out.attest.quote) out.digest = CheckDigest(*out.attest.quote, *hash, pcrs);
  return out;
}

StatusOr<TpmAttest> VerifyQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                                const PcrValues& pcrs, const QuoteExpectation& expected) {
  QuoteQuestion question;
  for (PcrIndex index : expected.selection) question.selection[expected.bank][index];
  question.extra_data = expected.extra_data;
  QuoteJudgement out = JudgeQuote(quoted, signature, key, {{expected.bank, pcrs}}, question);
  for (const Status& answer : {out.format, out.algorithm, out.magic, out.type, out.signature,
                               out.nonce, out.selection, out.digest}) {
    RETURN_IF_ERROR(answer);
  }
  return std::move(out.attest);
}

}  // namespace kedge
