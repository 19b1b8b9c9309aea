// How far evidence reaches: the one place that decides it (design: Node life). Pure.
#pragma once

#include "attestation/model/evidence.h"

namespace kedge {

struct LevelFacts {
  // The hardware's report is genuine and says what the policy wants.
  bool tee = false;
  // The launch measurement is one that the matching image names as covering its kernel, initrd and
  // command line.
  bool launch_is_image = false;
  // The TPM runs inside the TEE, and the launch measurement that the policy names is of the
  // software that runs it there. A guest could claim such a TPM by itself.
  bool vtpm_in_tee = false;
};

// Without a TEE, or with one whose report says nothing about image or TPM, the registers are the
// host's word.
EvidenceLevel DecideEvidenceLevel(const LevelFacts& facts);

}  // namespace kedge
