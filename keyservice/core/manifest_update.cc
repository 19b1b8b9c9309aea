#include "keyservice/core/manifest_update.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <set>

#include "base/lp.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxSignature = 256;

}  // namespace

Status CheckIsUpdate(const Manifest& current, const Manifest& next) {
  if (next.cluster() != current.cluster()) {
    return Refused("UPDATE_OTHER_CLUSTER",
                   absl::StrCat("the manifest is for the cluster '", next.cluster(),
                                "', the one in force for '", current.cluster(), "'"));
  }
  if (next.generation() != current.generation() + 1) {
    return Refused("UPDATE_NOT_NEXT",
                   absl::StrCat("the manifest has generation ", next.generation(), ", expected ",
                                current.generation() + 1));
  }
  return absl::OkStatus();
}

Bytes UpdateMessage(const Sha256Digest& previous, uint64_t generation,
                    const Sha256Digest& manifest_digest) {
  LpWriter writer;
  writer.Add("kedge/1 manifest update").Add(previous).AddU64(generation).Add(manifest_digest);
  return std::move(writer).Take();
}

StatusOr<OwnerProof> ApproveUpdate(const Sha256Digest& previous, const Manifest& next,
                                   const SigningKey& owner) {
  ASSIGN_OR_RETURN(Bytes signature,
                   owner.Sign(UpdateMessage(previous, next.generation(), next.digest())));
  return OwnerProof{.key_digest = Sha256(owner.public_key().spki()),
                    .signature = std::move(signature)};
}

StatusOr<ApprovalTally> TallyApprovals(const Manifest& current, const Transition& step,
                                       std::span<const OwnerProof> approvals) {
  const Bytes message = UpdateMessage(step.previous, step.generation, step.manifest_digest);
  std::set<Sha256Digest> seen;
  for (const OwnerProof& approval : approvals) {
    ASSIGN_OR_RETURN(const OwnerKey owner, VerifyOwnerProof(approval, message, current));
    if (!seen.insert(owner.digest).second) {
      return Refused("APPROVAL_TWICE", "'" + owner.name + "' approved the update twice");
    }
  }
  ApprovalTally tally{.needed = current.owner_threshold(), .approved = {}, .missing = {}};
  // A key under two names is one owner: it counts, and is missed, once.
  std::set<Sha256Digest> told;
  for (const OwnerKey& key : current.owner_keys()) {
    if (!told.insert(key.digest).second) continue;
    (seen.contains(key.digest) ? tally.approved : tally.missing).push_back(key.name);
  }
  return tally;
}

Status CheckApprovals(const Manifest& current, const Transition& step,
                      std::span<const OwnerProof> approvals) {
  ASSIGN_OR_RETURN(const ApprovalTally tally, TallyApprovals(current, step, approvals));
  if (tally.complete()) return absl::OkStatus();
  return Refused(
      "APPROVAL_MISSING",
      absl::StrCat("the manifest of generation ", step.generation, " has ", tally.approved.size(),
                   " of ", tally.needed,
                   " approvals; who could still approve: ", absl::StrJoin(tally.missing, ", ")));
}

Bytes PrintApprovals(std::span<const OwnerProof> approvals) {
  LpWriter writer;
  writer.Add(kApprovalsFormat).AddU32(static_cast<uint32_t>(approvals.size()));
  for (const OwnerProof& approval : approvals) {
    writer.Add(approval.key_digest).Add(approval.signature);
  }
  return std::move(writer).Take();
}

StatusOr<std::vector<OwnerProof>> ParseApprovals(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView format, reader.Lp(kApprovalsFormat.size()));
  if (AsText(format) != kApprovalsFormat) return Malformed("not a record of approvals");
  ASSIGN_OR_RETURN(const ByteView count_field, reader.Lp(4));
  Reader count_reader(count_field);
  ASSIGN_OR_RETURN(const uint32_t count, count_reader.U32Be());
  if (count > kMaxApprovals) return Malformed("approvals: too many");
  std::vector<OwnerProof> approvals;
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const ByteView digest, reader.Lp(32));
    ASSIGN_OR_RETURN(const ByteView signature, reader.Lp(kMaxSignature));
    const std::optional<Sha256Digest> key_digest = ToArray<32>(digest);
    if (!key_digest) return Malformed("approvals: a key digest has 32 bytes");
    approvals.push_back({.key_digest = *key_digest, .signature = ToBytes(signature)});
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return approvals;
}

}  // namespace kedge
