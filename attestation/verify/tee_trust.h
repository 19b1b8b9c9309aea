// What a relying party accepts of the hardware behind composite evidence, and what it knows of it.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>

#include "attestation/verify/intel_chain.h"
#include "attestation/verify/snp.h"
#include "attestation/verify/tdx.h"
#include "attestation/verify/tpm_policy.h"
#include "base/status.h"

namespace kedge {

// What is accepted of a TDX platform, and the keys of the roots that may vouch for it.
struct TdxRules {
  TdxPolicy policy;
  SpkiPins roots;
};

// A technology that the policy does not speak of is not accepted at all.
struct AttestationPolicy {
  std::optional<SnpPolicy> snp = {};
  std::optional<TdxRules> tdx = {};
  std::optional<TpmPolicy> tpm = {};
};

// The same with its file form, so that it can be written again: the same text for the same rules.
struct AttestationRules {
  AttestationPolicy policy;
  std::string file;
};

// Where certificates, revocation lists and Intel's documents come from that did not come with the
// evidence. What it gives is verified by whoever asked. Thread-safe; may block.
class CollateralSource {
 public:
  virtual ~CollateralSource() = default;
  // Only what is missing in the host's own table is taken from here. Empty fields: none known.
  virtual StatusOr<SnpCertificates> ForSnp(ByteView report) = 0;
  // Null: none known.
  virtual StatusOr<std::shared_ptr<const TdxCollateral>> ForTdx(ByteView quote) = 0;
};

struct TeeTrust {
  const AttestationPolicy* policy = nullptr;  // null: no TEE is accepted
  CollateralSource* collateral = nullptr;     // null: only what came with the evidence
  absl::Time now;
};

// What a genuine report says that the rest of the appraisal needs.
struct TeeClaims {
  Tee tee = Tee::kNone;
  Bytes measurement;  // SNP's MEASUREMENT, or MRTD
  Bytes rtmr1;        // TDX: what EFI measures of the boot loader and the UKI
  Bytes rtmr2;        // and of kernel, initrd and command line
  Verdict verdict;    // trusted
};

// The report's own verdict, with `report_data` as what it must be about. Faults: TEE_NOT_ACCEPTED
// where the policy does not speak of this hardware, TEE_NOT_TRUSTED with the first check that
// failed, MALFORMED.
StatusOr<TeeClaims> VerifyTeeReport(const TeeReport& report, const ReportData& report_data,
                                    const TeeTrust& trust);

}  // namespace kedge
