#include "attestation/verify/tpm_quote_checks.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "crypto/digest.h"

namespace kedge {
namespace {

std::string AlgorithmName(uint16_t scheme, uint16_t hash) {
  const char* scheme_name = scheme == kTpmAlgRsassa   ? "RSASSA"
                            : scheme == kTpmAlgRsapss ? "RSAPSS"
                            : scheme == kTpmAlgEcdsa  ? "ECDSA"
                                                      : "unknown";
  const auto bank = static_cast<PcrBank>(hash);
  return absl::StrCat(
      scheme_name, " with ",
      DigestSize(bank) == 0 ? absl::StrCat("hash ", hash) : std::string(ToString(bank)));
}

PcrBankValues SelectionOf(const TpmPolicy& policy, const PcrBankValues& pcrs) {
  if (!policy.selection) return pcrs;
  PcrBankValues out;
  for (const auto& [bank, indices] : *policy.selection) {
    for (PcrIndex index : indices) out[bank][index];
  }
  return out;
}

void CheckOne(const TpmQuoteFiles& files, const TpmQuoteQuestion& question, TpmClaims& claims,
              CheckList& checks) {
  const QuoteJudgement seen =
      JudgeQuote(files.quoted, files.signature, question.ak.key, files.pcrs,
                 {SelectionOf(question.policy, files.pcrs), question.nonce});
  if (!seen.format.ok()) {
    checks.Malformed("FORMAT", "TPMS_ATTEST and TPMT_SIGNATURE", MessageOf(seen.format),
                     files.label);
    return;
  }
  const std::string algorithm = AlgorithmName(seen.signature_scheme, seen.signature_hash);
  checks.Pass("FORMAT", "TPMS_ATTEST and TPMT_SIGNATURE", algorithm, files.label);
  checks.DemandOk("TPM_MAGIC", seen.magic, "TPM_GENERATED", files.label);
  checks.DemandOk("TPM_TYPE", seen.type, "TPM_ST_ATTEST_QUOTE", files.label);
  if (seen.algorithm.ok()) {
    checks.DemandOk("TPM_SIGNATURE", seen.signature, "signed by the attestation key", files.label);
  } else {
    checks.DemandOk("SIG_ALGO", seen.algorithm, "SHA-256 or stronger", files.label);
    checks.Fail("TPM_SIGNATURE", "SHA-256 or stronger", algorithm, files.label);
  }
  if (!question.nonce) {
    checks.Skip("NONCE", "the caller gave no nonce", ToHex(seen.attest.extra_data));
  } else {
    checks.DemandEqual("NONCE", *question.nonce, seen.attest.extra_data, files.label);
  }
  if (seen.attest.quote) {
    checks.DemandOk("PCR_SELECTION", seen.selection, "exactly the banks and PCRs asked for",
                    files.label);
    if (seen.algorithm.ok()) {
      checks.DemandOk("PCR_DIGEST", seen.digest, "over the values sent", files.label);
    }
  }
  if (!seen.attest.safe) {
    checks.Warn("CLOCK_SAFE", "a clock that has not been ahead", "not safe",
                files.label.empty() ? "the TPM's own flag" : files.label);
  }
  claims.quotes.push_back({files.label, seen.attest, seen.signature_scheme, seen.signature_hash});
}

void CheckAk(const TpmQuoteQuestion& question, CheckList& checks) {
  const std::string key = "SPKI sha256:" + ToHex(Sha256(SpkiOf(question.ak.key)));
  if (question.ak_trust) {
    const std::vector<AkTrust>& accepted = question.policy.accepted_ak;
    const bool good =
        std::find(accepted.begin(), accepted.end(), *question.ak_trust) != accepted.end();
    const std::string names = absl::StrJoin(accepted, ", ", [](std::string* out, AkTrust trust) {
      absl::StrAppend(out, std::string(ToString(trust)));
    });
    checks.Demand("AK_BINDING", good, "vouched for by one of: " + names, key,
                  std::string(ToString(*question.ak_trust)));
  }
  if (question.ak.public_area) {
    checks.DemandOk("AK_PROPERTIES", CheckAkProperties(*question.ak.public_area),
                    "restricted signing key of this TPM");
  } else {
    checks.Skip("AK_PROPERTIES", "the caller gave the key without its public area", key);
  }
}

// "sha256 PCRs 15,22" of those that hold nothing but this byte.
std::string AllEqual(const PcrBankValues& values, uint8_t byte) {
  std::string out;
  for (const auto& [bank, registers] : values) {
    std::vector<PcrIndex> found;
    for (const auto& [index, value] : registers) {
      // Ones are the start value of the dynamic PCRs.
      if (byte == 0xFF && index >= 17 && index <= 22) continue;
      if (std::all_of(value.begin(), value.end(), [byte](uint8_t b) { return b == byte; })) {
        found.push_back(index);
      }
    }
    if (found.empty()) continue;
    absl::StrAppend(&out, out.empty() ? "" : "; ", std::string(ToString(bank)), " PCRs ",
                    absl::StrJoin(found, ","));
  }
  return out;
}

void CheckBanks(const TpmClaims& claims, CheckList& checks) {
  const bool sha1 = claims.pcrs.count(PcrBank::kSha1) != 0;
  const bool strong = std::any_of(claims.pcrs.begin(), claims.pcrs.end(),
                                  [](const auto& e) { return e.first != PcrBank::kSha1; });
  if (sha1 || !strong) {
    checks.Demand("SHA1_BANK", strong, "a bank of SHA-256 or stronger",
                  strong ? "SHA-1 beside it satisfies nothing" : "SHA-1 alone");
  }
  for (uint8_t byte : {uint8_t{0x00}, uint8_t{0xFF}}) {
    const std::string found = AllEqual(claims.pcrs, byte);
    if (found.empty()) continue;
    checks.Warn("DEBUG_ZERO_PCRS", "registers that something was measured into", found,
                byte == 0 ? "all zero" : "all ones");
  }
}

}  // namespace

TpmClaims CheckTpmQuotes(const std::vector<TpmQuoteFiles>& quotes, const TpmQuoteQuestion& question,
                         CheckList& checks) {
  TpmClaims claims;
  if (quotes.empty()) checks.Fail("FORMAT", "a quote", "none");
  for (const TpmQuoteFiles& files : quotes) {
    CheckOne(files, question, claims, checks);
    for (const auto& [bank, registers] : files.pcrs) {
      for (const auto& [index, value] : registers) {
        const auto [known, fresh] = claims.pcrs[bank].emplace(index, value);
        if (!fresh && known->second != value) {
          checks.Fail("PCR_DIGEST", ToHex(known->second), ToHex(value),
                      absl::StrCat("PCR ", index, " in two quotes"));
        }
      }
    }
  }
  CheckAk(question, checks);
  CheckBanks(claims, checks);
  ApplyPcrRules(question.policy, claims.pcrs, checks);
  return claims;
}

}  // namespace kedge
