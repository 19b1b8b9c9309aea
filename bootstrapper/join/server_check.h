// Whether a node may take the server of an exchange for its cluster's key service.
#pragma once

#include <vector>

#include "attestation/channel/exchange.h"
#include "attestation/verify/verify.h"
#include "base/status.h"

namespace kedge {

// How the server's evidence is judged; pure.
struct ServerExpectation {
  Bytes cluster_id{};  // 32 bytes
  // The first node's own service: this TPM's AK (TPMT_PUBLIC), and nothing else. The loopback
  // device does not leave the machine that this AK stands for, and its image is ours.
  Bytes own_ak_public{};
  // A remote service: the control-plane images of the owner-signed invitation. Used where
  // own_ak_public is empty.
  std::vector<ReferenceValues> images{};
};

// Signature, nonce, PCRs and logs as VerifyEvidence; then the same AK or a trusted appraisal with
// the cluster's id in PCR 15. Faults of VerifyEvidence, and SERVER_NOT_TRUSTED.
Status CheckServer(const ServerProof& proof, const ServerExpectation& expected);

}  // namespace kedge
