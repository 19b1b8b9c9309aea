#include "cli/tpm_claims.h"

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include "attestation/verify/quote.h"
#include "crypto/digest.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

std::string Hex16(uint16_t value) { return absl::StrCat("0x", absl::Hex(value, absl::kZeroPad4)); }

std::string SchemeName(uint16_t scheme) {
  switch (scheme) {
    case kTpmAlgRsassa:
      return "rsassa";
    case kTpmAlgRsapss:
      return "rsapss";
    case kTpmAlgEcdsa:
      return "ecdsa";
    case kTpmAlgNull:
      return "null";
    default:
      return Hex16(scheme);
  }
}

ordered_json AttributesJson(uint32_t attributes) {
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {kObjectFixedTpm, "fixedTPM"},
      {1u << 2, "stClear"},
      {kObjectFixedParent, "fixedParent"},
      {kObjectSensitiveDataOrigin, "sensitiveDataOrigin"},
      {1u << 6, "userWithAuth"},
      {1u << 7, "adminWithPolicy"},
      {1u << 10, "noDA"},
      {1u << 11, "encryptedDuplication"},
      {kObjectRestricted, "restricted"},
      {kObjectDecrypt, "decrypt"},
      {kObjectSign, "sign"}};
  ordered_json out = ordered_json::array();
  for (const auto& [bit, name] : kNames) {
    if ((attributes & bit) != 0) out.push_back(name);
  }
  return out;
}

std::string Time(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

}  // namespace

std::string HashName(uint16_t tpm_alg) {
  const auto bank = static_cast<PcrBank>(tpm_alg);
  return DigestSize(bank) == 0 ? Hex16(tpm_alg) : std::string(ToString(bank));
}

ordered_json PcrsJson(const PcrBankValues& values) {
  ordered_json out = ordered_json::object();
  for (const auto& [bank, registers] : values) {
    ordered_json& entry = out[std::string(ToString(bank))];
    entry = ordered_json::object();
    for (const auto& [index, value] : registers) entry[std::to_string(index)] = ToHex(value);
  }
  return out;
}

ordered_json AttestJson(const TpmAttest& attest) {
  ordered_json out = {{"magic", absl::StrCat("0x", absl::Hex(attest.magic, absl::kZeroPad8))},
                      {"type", Hex16(attest.type)},
                      {"qualified_signer", ToHex(attest.qualified_signer)},
                      {"extra_data", ToHex(attest.extra_data)},
                      {"clock_ms", attest.clock_ms},
                      {"reset_count", attest.reset_count},
                      {"restart_count", attest.restart_count},
                      {"safe", attest.safe},
                      {"firmware_version",
                       absl::StrCat("0x", absl::Hex(attest.firmware_version, absl::kZeroPad16))}};
  if (!attest.quote) return out;
  ordered_json selections = ordered_json::array();
  for (const TpmPcrSelection& selection : attest.quote->selections) {
    selections.push_back({{"bank", HashName(selection.bank)}, {"pcrs", selection.indices}});
  }
  out["selection"] = std::move(selections);
  out["pcr_digest"] = ToHex(attest.quote->pcr_digest);
  return out;
}

ordered_json SignatureJson(const TpmSignature& signature) {
  ordered_json out = {{"scheme", SchemeName(signature.scheme)}, {"hash", HashName(signature.hash)}};
  if (const auto* ecdsa = std::get_if<TpmEcdsaSignature>(&signature.value)) {
    out["r"] = ToHex(ecdsa->r);
    out["s"] = ToHex(ecdsa->s);
  } else {
    out["signature"] = ToHex(std::get<TpmRsaSignature>(signature.value).bytes);
  }
  return out;
}

ordered_json PublicJson(const TpmPublic& area) {
  ordered_json out = {
      {"name_algorithm", HashName(area.name_alg)},
      {"attributes", AttributesJson(area.attributes)},
      {"attributes_raw", absl::StrCat("0x", absl::Hex(area.attributes, absl::kZeroPad8))},
      {"auth_policy", ToHex(area.auth_policy)},
      {"scheme", SchemeName(area.scheme)},
      {"scheme_hash", area.scheme == kTpmAlgNull ? "null" : HashName(area.scheme_hash)}};
  if (const auto* rsa = std::get_if<TpmRsaPublic>(&area.key)) {
    out["type"] = "rsa";
    out["bits"] = rsa->key_bits;
    out["exponent"] = rsa->exponent == 0 ? 65537u : rsa->exponent;
    out["modulus"] = ToHex(rsa->modulus);
  } else {
    const auto& ecc = std::get<TpmEccPublic>(area.key);
    out["type"] = "ecc";
    out["curve"] = ecc.curve == kTpmCurveP256   ? "p256"
                   : ecc.curve == kTpmCurveP384 ? "p384"
                                                : Hex16(ecc.curve);
    out["x"] = ToHex(ecc.x);
    out["y"] = ToHex(ecc.y);
  }
  return out;
}

ordered_json TpmClaimsJson(const TpmClaims& claims) {
  ordered_json quotes = ordered_json::array();
  for (const TpmQuoteClaims& quote : claims.quotes) {
    ordered_json entry = AttestJson(quote.attest);
    entry["label"] = quote.label;
    entry["signature_scheme"] = SchemeName(quote.signature_scheme);
    entry["signature_hash"] = HashName(quote.signature_hash);
    quotes.push_back(std::move(entry));
  }
  return {{"quotes", std::move(quotes)}, {"pcrs", PcrsJson(claims.pcrs)}};
}

ordered_json CertificateJson(const Certificate& certificate) {
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", ToHex(certificate.serial())},
          {"not_before", Time(certificate.not_before())},
          {"not_after", Time(certificate.not_after())},
          {"signature_algorithm", certificate.signature_algorithm()},
          {"key_bits", certificate.key_bits()},
          {"spki_sha256", ToHex(certificate.spki_sha256())},
          {"sha256", ToHex(Sha256(certificate.der()))}};
}

ordered_json TpmCertificateJson(const TpmCertificateClaims& claims) {
  ordered_json path = ordered_json::array();
  for (const Certificate& certificate : claims.path) path.push_back(CertificateJson(certificate));
  return {{"kind", std::string(ToString(claims.kind))},
          {"anchor", claims.anchor},
          {"manufacturer", claims.terms.manufacturer},
          {"model", claims.terms.model},
          {"version", claims.terms.version},
          {"purposes", claims.terms.purposes},
          {"path", std::move(path)}};
}

}  // namespace kedge::cli
