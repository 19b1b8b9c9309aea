#include "keyservice/core/transition.h"

#include <absl/strings/str_cat.h>

#include "base/lp.h"

namespace kedge {
namespace {

Status NotAuthentic(std::string_view message) { return Refused("HISTORY_NOT_AUTHENTIC", message); }

}  // namespace

Sha256Digest TransitionHash(const Sha256Digest& manifest_digest, const Sha256Digest& previous) {
  return Sha256({manifest_digest, previous});
}

Bytes TransitionMessage(const Transition& transition) {
  LpWriter writer;
  writer.Add("kedge/1 transition").AddU64(transition.generation);
  writer.Add(transition.manifest_digest).Add(transition.previous);
  return std::move(writer).Take();
}

StatusOr<Transition> SignTransition(uint64_t generation, const Sha256Digest& manifest_digest,
                                    const Sha256Digest& previous, const SigningKey& transaction) {
  Transition transition{.generation = generation,
                        .manifest_digest = manifest_digest,
                        .previous = previous,
                        .signature = {}};
  ASSIGN_OR_RETURN(transition.signature, transaction.Sign(TransitionMessage(transition)));
  return transition;
}

Status VerifyTransition(const Transition& transition, const VerifyKey& transaction) {
  if (transaction.Verify(TransitionMessage(transition), transition.signature).ok()) {
    return absl::OkStatus();
  }
  return NotAuthentic(absl::StrCat("the transition to generation ", transition.generation,
                                   " was not signed under this seed"));
}

Status VerifyHistory(std::span<const Transition> history, const VerifyKey& transaction) {
  if (history.empty()) return NotAuthentic("the history is empty");
  Sha256Digest previous{};
  uint64_t generation = 0;
  for (const Transition& transition : history) {
    RETURN_IF_ERROR(VerifyTransition(transition, transaction));
    if (transition.previous != previous || transition.generation <= generation) {
      return NotAuthentic(absl::StrCat("generation ", transition.generation,
                                       " does not follow generation ", generation));
    }
    previous = TransitionHash(transition);
    generation = transition.generation;
  }
  return absl::OkStatus();
}

}  // namespace kedge
