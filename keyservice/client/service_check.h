// What a client demands of the machine that a key service runs in, and what it saw there.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "attestation/channel/exchange.h"
#include "attestation/verify/verify.h"
#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge::client {

struct ServicePolicy {
  std::vector<ReferenceValues> images;  // of control planes
  std::vector<EvidenceLevel> evidence_levels;
  std::vector<TpmRoot> tpm_roots;
  std::vector<IdentityKind> identity_kinds = {IdentityKind::kEk};
  BootPhase phase = BootPhase::kAny;
  // What PCR 15 may show; nullopt stands for "no cluster yet". Empty: the id that the service
  // itself signs for, which the caller then shows as learnt, not pinned.
  std::vector<std::optional<ClusterId>> cluster_ids;
  // SHA-256 of the invitation that the machine must have measured; nullopt: any, said as skipped.
  std::optional<Sha256Digest> init_data;
};

struct SeenService {
  // Verified: evidence over this exchange, EK certificate to a named root.
  Claims claims;
  VerifiedEk ek;
  Appraisal appraisal;
  bool ak_bound = false;  // AK and EK are in one TPM: a credential made for both was activated
  // As the service says, covered by its evidence.
  std::string phase;  // "AWAITING_INIT", "AWAITING_SEED", "SERVING"
  std::string node;
  Bytes manifest;  // empty before init and before recovery
  std::string ca_certificate_pem;
  // From S1; the key's signatures are verified.
  Bytes cluster_id;
  Bytes service_key_spki;
  uint64_t manifest_generation = 0;
  Sha256Digest manifest_digest{};
};

// Parses, verifies and appraises. Evidence or an endorsement that do not verify are an error; an
// appraisal that fails is not: SeenService.appraisal has every row. `credential_secret` is that of
// the credential sent along, null where none was: an answer that does not fit it is fault
// AK_NOT_BOUND. A machine whose kind of identity the policy does not accept is fault IDENTITY_KIND.
StatusOr<SeenService> CheckService(const ServerProof& proof, const ServicePolicy& policy,
                                   const SecretBytes* credential_secret, absl::Time now);

// OK where the verdict is trusted; else fault SERVICE_NOT_TRUSTED, with the first failed row.
Status RequireTrusted(const SeenService& service);

}  // namespace kedge::client
