// The history of manifests: each transition is signed by the seed-derived transaction key (P-384),
// so that only who holds the seed can have written it (docs/FORMATS.md, "Transition").
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge {

struct Transition {
  uint64_t generation = 0;  // of the manifest
  Sha256Digest manifest_digest{};
  Sha256Digest previous{};  // TransitionHash of the one before; zero for the first
  Bytes signature;          // over TransitionMessage
  bool operator==(const Transition&) const = default;
};

// SHA-256(manifest_digest || previous), as in the fixed vectors of the seed tree.
Sha256Digest TransitionHash(const Sha256Digest& manifest_digest, const Sha256Digest& previous);
inline Sha256Digest TransitionHash(const Transition& t) {
  return TransitionHash(t.manifest_digest, t.previous);
}
// lp("kedge/1 transition") lp(u64 generation) lp(manifest_digest) lp(previous).
Bytes TransitionMessage(const Transition& transition);

StatusOr<Transition> SignTransition(uint64_t generation, const Sha256Digest& manifest_digest,
                                    const Sha256Digest& previous, const SigningKey& transaction);
// Fault HISTORY_NOT_AUTHENTIC.
Status VerifyTransition(const Transition& transition, const VerifyKey& transaction);
// A whole history, oldest first: every signature, every link from zero on, generations that grow.
// Fault HISTORY_NOT_AUTHENTIC; also for an empty one.
Status VerifyHistory(std::span<const Transition> history, const VerifyKey& transaction);

}  // namespace kedge
