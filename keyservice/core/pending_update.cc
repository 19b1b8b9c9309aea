#include "keyservice/core/pending_update.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/lp.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxApprovalsRecord = 128 * 1024;

bool IsSameStep(const Transition& a, const Transition& b) {
  return a.previous == b.previous && a.generation == b.generation &&
         a.manifest_digest == b.manifest_digest;
}

StatusOr<Sha256Digest> ReadDigest(Reader& reader) {
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(32));
  const std::optional<Sha256Digest> digest = ToArray<32>(field);
  if (!digest) return Malformed("pending update: a digest has 32 bytes");
  return *digest;
}

}  // namespace

StatusOr<PendingUpdate> AddApprovals(const Manifest& current,
                                     const std::optional<PendingUpdate>& pending,
                                     const Transition& step,
                                     std::span<const OwnerProof> approvals) {
  ASSIGN_OR_RETURN(const ApprovalTally now, TallyApprovals(current, step, approvals));
  if (approvals.empty()) {
    return Refused("APPROVAL_MISSING",
                   absl::StrCat("no owner has signed the manifest of generation ", step.generation,
                                ", which would follow this step"));
  }
  PendingUpdate out{.step = step, .approvals = {approvals.begin(), approvals.end()}};
  const bool waits = pending && pending->step.previous == step.previous;
  if (now.complete() || !waits) return out;
  if (!IsSameStep(pending->step, step)) {
    return Refused("UPDATE_PENDING",
                   absl::StrCat("the manifest ", ToHex(pending->step.manifest_digest),
                                " waits for more owners: approve that one, or cancel it first "
                                "(kedge manifest cancel)"));
  }
  for (const OwnerProof& earlier : pending->approvals) {
    const bool again = std::any_of(
        approvals.begin(), approvals.end(),
        [&](const OwnerProof& approval) { return approval.key_digest == earlier.key_digest; });
    if (!again) out.approvals.push_back(earlier);
  }
  return out;
}

Bytes PrintPendingUpdate(const PendingUpdate& pending) {
  LpWriter writer;
  writer.Add(kPendingUpdateFormat).Add(pending.step.previous).AddU64(pending.step.generation);
  writer.Add(pending.step.manifest_digest).Add(PrintApprovals(pending.approvals));
  return std::move(writer).Take();
}

StatusOr<PendingUpdate> ParsePendingUpdate(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView format, reader.Lp(kPendingUpdateFormat.size()));
  if (AsText(format) != kPendingUpdateFormat) return Malformed("not a pending update");
  PendingUpdate out;
  ASSIGN_OR_RETURN(out.step.previous, ReadDigest(reader));
  ASSIGN_OR_RETURN(const ByteView generation, reader.Lp(8));
  Reader number(generation);
  ASSIGN_OR_RETURN(out.step.generation, number.U64Be());
  ASSIGN_OR_RETURN(out.step.manifest_digest, ReadDigest(reader));
  ASSIGN_OR_RETURN(const ByteView approvals, reader.Lp(kMaxApprovalsRecord));
  RETURN_IF_ERROR(reader.ExpectEnd());
  ASSIGN_OR_RETURN(out.approvals, ParseApprovals(approvals));
  return out;
}

}  // namespace kedge
