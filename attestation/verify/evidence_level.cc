#include "attestation/verify/evidence_level.h"

namespace kedge {

EvidenceLevel DecideEvidenceLevel(const LevelFacts& facts) {
  if (!facts.tee) return EvidenceLevel::kHostVtpm;
  if (facts.launch_is_image) return EvidenceLevel::kTeeMeasured;
  return facts.vtpm_in_tee ? EvidenceLevel::kTeeVtpm : EvidenceLevel::kHostVtpm;
}

}  // namespace kedge
