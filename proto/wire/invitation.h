// The invitation: what the owner tells one node before it has met anyone. The host carries it, so
// it is signed by the owner, measured by the node (init-data), and checked by the key service.
//
// File form: kedge.v1.SignedInvitation as strict JSON; the signature is the owner key's over
// lp("kedge/1 invitation") lp(exact bytes of the inner JSON) (docs/FORMATS.md).
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "attestation/verify/verify.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge::wire {

inline constexpr size_t kMaxInvitationFile = 64 * 1024;

struct Invitation {
  // Both empty for the first node, whose cluster does not exist yet; both set for all others.
  Bytes cluster_id;                    // 32 bytes
  Bytes service_key_spki;              // pinned cluster identity key, P-256
  Sha256Digest owner_key_digest{};     // SHA-256 of the owner key's SPKI
  std::vector<std::string> endpoints;  // "host:port"; reachability only
  std::string node;
  std::string role;     // "control-plane" or "worker"
  std::string address;  // IPv4 "a.b.c.d/prefix"; empty: DHCP
  std::string gateway;  // IPv4; empty: none
  absl::Time issue_time;
  std::vector<ReferenceValues> control_plane_images;
  std::vector<TpmRoot> tpm_roots;
  uint64_t minimum_generation = 0;
};

// An invitation whose signature is good under `owner_key`. That key came in the same file: it is
// the owner's only to one who compares its digest with something known (the manifest, or
// init-data in evidence).
struct OpenedInvitation {
  Invitation invitation;
  VerifyKey owner_key;
};

// The file. `invitation.owner_key_digest` is set from `owner`. INVALID_ARGUMENT for content that
// OpenInvitation would refuse.
StatusOr<std::string> MakeInvitation(Invitation invitation, const SigningKey& owner);

// Parses and verifies. MALFORMED for the form; fault INVITATION_NOT_ACCEPTED for a signature that
// does not fit, a digest that is not the enclosed key's, or content that makes no sense.
StatusOr<OpenedInvitation> OpenInvitation(ByteView file);

}  // namespace kedge::wire
