// Verifies evidence to claims, and appraises claims against a policy. Pure; time is an argument.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "attestation/model/issuer.h"
#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/claims.h"
#include "base/random.h"
#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

// Signature by the evidence's own AK, structure, exact PCR selection {0-15}, digest over the values
// sent, extraData equal to `expected`, AK attributes (restricted, signing, fixedTPM, fixedParent,
// sensitiveDataOrigin), replay of the firmware log where sent and of Kedge's log against PCR 14 and
// 15. MALFORMED for bytes that do not parse; PERMISSION_DENIED with a fault code (BAD_SIGNATURE,
// NONCE, PCR_DIGEST, PCR_SELECTION, AK_PROPERTIES, LOG_REPLAY) otherwise. The claims do not say
// whose AK it is: bind it with the EK (below) or with a registered AK name.
//
// Of a composite also the hardware's report, which must be about CompositeReportData of `expected`
// and this AK: faults of VerifyTeeReport.
StatusOr<Claims> VerifyEvidence(const Evidence& evidence, const ReportData& expected,
                                const TeeTrust& trust);
// The same where no TEE is accepted.
StatusOr<Claims> VerifyEvidence(const Evidence& evidence, const ReportData& expected);

// The identity kinds of design: Node life.
enum class IdentityKind { kEk, kHostData, kChip };
std::string_view ToString(IdentityKind kind);
struct HardwareIdentity {
  IdentityKind kind = IdentityKind::kEk;
  Bytes value;  // kEk: SHA-256 of the EK's SubjectPublicKeyInfo
  bool operator==(const HardwareIdentity&) const = default;
};

struct TpmRoot {
  std::string name;
  // The root that is trusted; behind it, where needed, the authorities between it and its TPMs.
  std::string certificate_pem;
};

// EK certificate to a named root, certificate key equal to the EK public area. The AK is NOT bound
// yet: MakeCredential below and its answer do that. Fault EK_NOT_TRUSTED.
struct VerifiedEk {
  HardwareIdentity identity;
  Bytes ek_public;
  std::string root_name;
};
StatusOr<VerifiedEk> VerifyEk(const Endorsements& endorsements, const std::vector<TpmRoot>& roots,
                              absl::Time now);

// TPM2_MakeCredential in software (TPM 2.0 part 1, 24.4 and B.10.4/C.6.4) for EK RSA-2048 and ECC
// P-384; `secret` at most 32 bytes (the EK's name algorithm limits it).
StatusOr<CredentialBlob> MakeCredential(ByteView ek_public, ByteView ak_name,
                                        const SecretBytes& secret, Random& random);

// A launch measurement that covers an image's kernel, initrd and command line: the hardware's own
// word for the image. TDX takes RTMR 1 and 2 besides MRTD.
struct LaunchReference {
  Tee tee = Tee::kSnp;
  Bytes measurement;  // 48 bytes
  Bytes rtmr1;        // 48 each for TDX, empty for SNP
  Bytes rtmr2;
  bool operator==(const LaunchReference&) const = default;
};

// "snp 5a5a…", "tdx … RTMR1 … RTMR2 …".
std::string Describe(const LaunchReference& launch);

// Reference values of one image (predicted by image/predict).
struct ReferenceValues {
  std::string image_name;
  std::string image_version;
  std::vector<std::string> roles;
  PcrValues pcrs;  // 4, 9, 12, 13 of the SHA-256 bank
  // PCR 11 after each boot phase, in order: "enter-initrd", "leave-initrd", "sysinit", "ready".
  std::vector<std::pair<std::string, Bytes>> pcr11_phases;
  // Any one of them; empty: no launch measurement speaks for this image.
  std::vector<LaunchReference> launch = {};
};

// Where in its life the node must be for what it asks.
enum class BootPhase {
  kInitrdUncapped,  // release, init, join: PCR 11 at enter-initrd, no cap event
  kAny              // status reports, outsiders: any known phase
};

struct AppraisalPolicy {
  std::vector<ReferenceValues> images;  // for the role; empty = error, never "anything goes"
  std::vector<EvidenceLevel> accepted_levels;
  BootPhase phase = BootPhase::kInitrdUncapped;
  // PCR 15 must hold exactly this cluster-id event; nullopt = PCR 15 must be zero (before init).
  std::optional<ClusterId> cluster_id;
  // PCR 14's first event must be init-data of this digest; nullopt is written down as skipped.
  std::optional<Sha256Digest> init_data;
};

struct Appraisal {
  Verdict verdict;
  EvidenceLevel level = EvidenceLevel::kHostVtpm;  // DecideEvidenceLevel
  std::string image;  // "name version" of the matching image, empty if none
  std::string phase;  // the boot phase that PCR 11 shows
  bool capped = false;
};
// Every check that can run is run; the verdict is fail-closed.
Appraisal Appraise(const Claims& claims, const AppraisalPolicy& policy);

}  // namespace kedge
