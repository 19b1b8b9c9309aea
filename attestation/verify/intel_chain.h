// Intel's certificate chains for attestation: the PCK chain in a quote, and the chain of the key
// that signs TCB info and QE identity. What does not depend on the time is worked out once, when a
// chain is read; both types are immutable and safe to share between threads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/parse/pck_extensions.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/intel_authorities.h"
#include "crypto/certificate.h"
#include "crypto/p256_verifier.h"

namespace kedge {

// SHA-256 of the SubjectPublicKeyInfo of each root that may end a chain. Empty: nothing is trusted.
using SpkiPins = std::vector<Sha256Digest>;
// The SPKI of the Intel SGX Root CA, the same in both of its certificates.
const SpkiPins& IntelSgxRootPins();

// Leaf first, root last.
struct IntelChain {
  std::vector<Certificate> certificates;
  // Names, key usage and signatures of every link, the root's own signature included. Fault CHAIN.
  Status links;

  const Certificate& leaf() const { return certificates.front(); }
  const Certificate& root() const { return certificates.back(); }
};

enum class PckAuthority { kPlatform, kProcessor };
std::string_view ToString(PckAuthority authority);  // as in the PCS request: "platform" …

// Which of Intel's two a CA certificate is, by its name. MALFORMED.
StatusOr<PckAuthority> PckAuthorityOf(const Certificate& ca);

struct PckChain {
  IntelChain chain;  // exactly leaf, PCK CA, root
  PckExtensions extensions;
  P256Verifier key;  // of the leaf
  PckAuthority authority;

  const Certificate& ca() const { return chain.certificates[1]; }
};

// PEM of three certificates as quotes carry it; `known` saves work where it is given. MALFORMED for
// what cannot be read, also where the leaf has no SGX extension or its key is not P-256, or the CA
// is neither of Intel's two.
StatusOr<std::shared_ptr<const PckChain>> ReadPckChain(std::string_view pem,
                                                       IntelAuthorities* known = nullptr);

// PEM of the TCB signing certificate and the root. MALFORMED.
StatusOr<std::shared_ptr<const IntelChain>> ReadSigningChain(std::string_view pem,
                                                             IntelAuthorities* known = nullptr);

// Rows CHAIN, TIME and ROOT_PIN of one chain; `what` names it in their reason.
void CheckIntelChain(const IntelChain& chain, const SpkiPins& pins, absl::Time at,
                     std::string_view what, CheckList& checks);

}  // namespace kedge
