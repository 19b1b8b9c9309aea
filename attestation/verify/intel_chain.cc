#include "attestation/verify/intel_chain.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "crypto/pem.h"

namespace kedge {
namespace {

constexpr size_t kPckChainSize = 3;
constexpr size_t kSigningChainSize = 2;

constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::string_view kPlatformCaName = "Intel SGX PCK Platform CA";
constexpr std::string_view kProcessorCaName = "Intel SGX PCK Processor CA";
constexpr std::string_view kTcbSigningName = "Intel SGX TCB Signing";

constexpr Sha256Digest kIntelSgxRoot = {
    0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e};

bool IsNamed(const Certificate& certificate, std::string_view common_name) {
  const std::vector<std::string> names = certificate.SubjectValues("CN");
  return names.size() == 1 && names[0] == common_name;
}

Status LinksOf(const std::vector<Certificate>& chain, IntelAuthorities& known) {
  for (size_t i = 0; i < chain.size(); ++i) {
    if (!chain[i].unknown_critical().empty()) {
      return Refused("CHAIN", absl::StrCat("certificate of '", chain[i].subject(),
                                           "' has the critical extension ",
                                           chain[i].unknown_critical()[0], ", which nobody knows"));
    }
    // RFC 5280 section 4.2.1.9: intermediate certificates below, the leaf not counted.
    const std::optional<int> path_length = chain[i].path_length();
    if (i > 0 && path_length && i - 1 > static_cast<size_t>(*path_length)) {
      return Refused("CHAIN", absl::StrCat("'", chain[i].subject(), "' allows only ", *path_length,
                                           " intermediate certificates below it"));
    }
    const Certificate& issuer = i + 1 < chain.size() ? chain[i + 1] : chain[i];
    RETURN_IF_ERROR(known.CheckIssuedBy(chain[i], issuer));
  }
  if (chain.front().is_ca() || !chain.front().may_sign_data()) {
    return Refused("CHAIN", absl::StrCat("'", chain.front().subject(),
                                         "' is an authority, or may not sign data"));
  }
  return absl::OkStatus();
}

StatusOr<IntelChain> ReadChain(std::string_view pem, size_t size, std::string_view leaf_name,
                               IntelAuthorities* remembered) {
  IntelAuthorities nobody;
  IntelAuthorities& known = remembered != nullptr ? *remembered : nobody;
  ASSIGN_OR_RETURN(const std::vector<Bytes> blocks, DecodePem(pem, "CERTIFICATE", size));
  std::vector<Certificate> certificates;
  certificates.reserve(blocks.size());
  for (const Bytes& der : blocks) {
    ASSIGN_OR_RETURN(Certificate certificate, known.Read(der));
    certificates.push_back(std::move(certificate));
  }
  if (certificates.size() != size) {
    return Malformed(
        absl::StrCat("chain of ", certificates.size(), " certificates, expected ", size));
  }
  if (!IsNamed(certificates[0], leaf_name)) {
    return Malformed(absl::StrCat("the first certificate is for '", certificates[0].subject(),
                                  "', expected '", std::string(leaf_name), "'"));
  }
  Status links = LinksOf(certificates, known);
  return IntelChain{std::move(certificates), std::move(links)};
}

}  // namespace

const SpkiPins& IntelSgxRootPins() {
  static const SpkiPins* const pins = new SpkiPins{kIntelSgxRoot};
  return *pins;
}

std::string_view ToString(PckAuthority authority) {
  return authority == PckAuthority::kPlatform ? "platform" : "processor";
}

StatusOr<PckAuthority> PckAuthorityOf(const Certificate& ca) {
  if (IsNamed(ca, kPlatformCaName)) return PckAuthority::kPlatform;
  if (IsNamed(ca, kProcessorCaName)) return PckAuthority::kProcessor;
  return Malformed(absl::StrCat("the PCK authority is '", ca.subject(), "', expected '",
                                std::string(kPlatformCaName), "' or '",
                                std::string(kProcessorCaName), "'"));
}

StatusOr<std::shared_ptr<const PckChain>> ReadPckChain(std::string_view pem,
                                                       IntelAuthorities* known) {
  ASSIGN_OR_RETURN(IntelChain chain, ReadChain(pem, kPckChainSize, kPckName, known));
  ASSIGN_OR_RETURN(const PckAuthority authority, PckAuthorityOf(chain.certificates[1]));
  const CertificateExtension* sgx = chain.leaf().FindExtension(kSgxExtensionsOid);
  if (sgx == nullptr) return Malformed("the PCK certificate has no SGX extension");
  ASSIGN_OR_RETURN(const PckExtensions extensions, ParsePckExtensions(sgx->value));
  ASSIGN_OR_RETURN(P256Verifier key, P256Verifier::FromSpki(chain.leaf().spki()));
  return std::make_shared<const PckChain>(
      PckChain{std::move(chain), extensions, std::move(key), authority});
}

StatusOr<std::shared_ptr<const IntelChain>> ReadSigningChain(std::string_view pem,
                                                             IntelAuthorities* known) {
  ASSIGN_OR_RETURN(IntelChain chain, ReadChain(pem, kSigningChainSize, kTcbSigningName, known));
  if (chain.leaf().key_kind() != KeyKind::kEcP256) {
    return Malformed("the TCB signing key is no P-256 key");
  }
  return std::make_shared<const IntelChain>(std::move(chain));
}

void CheckIntelChain(const IntelChain& chain, const SpkiPins& pins, absl::Time at,
                     std::string_view what, CheckList& checks) {
  const std::string reason(what);
  checks.DemandOk("CHAIN", chain.links, "each certificate issued by the next", reason);
  Status times;
  for (const Certificate& certificate : chain.certificates) {
    const Status valid = certificate.CheckValidAt(at);
    if (times.ok()) times = valid;
  }
  checks.DemandOk("TIME", times, "every certificate valid", reason);
  const Sha256Digest& root = chain.root().spki_sha256();
  const bool pinned = std::find(pins.begin(), pins.end(), root) != pins.end();
  checks.Demand("ROOT_PIN", pinned, pins.empty() ? "a pinned root; none is pinned" : ToHex(pins[0]),
                ToHex(root), reason);
}

}  // namespace kedge
