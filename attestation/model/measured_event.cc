#include "attestation/model/measured_event.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "base/lp.h"

namespace kedge {
namespace {

std::string ContentLabel(std::string_view label) { return "kedge/1 " + std::string(label); }

MeasuredEvent MakeEvent(PcrIndex pcr, std::string_view label,
                        std::initializer_list<ByteView> values) {
  LpWriter writer;
  writer.Add(ContentLabel(label));
  for (ByteView value : values) writer.Add(value);
  return {pcr, std::string(label), std::move(writer).Take()};
}

struct Slot {
  PcrIndex pcr;
  std::string_view label;
};
// Each event of one boot, in the order of its PCR (design: Node life).
constexpr std::array<Slot, 4> kSlots = {{{kNodePcr, "init-data"},
                                         {kNodePcr, "node"},
                                         {kNodePcr, "cap"},
                                         {kClusterIdPcr, "cluster-id"}}};

Status OutOfOrder(const MeasuredEvent& event, std::string_view problem) {
  return MakeFault(StatusCode::kFailedPrecondition, "EVENT_ORDER", Advice::kReboot,
                   "event \"" + event.label + "\" on PCR " + std::to_string(event.pcr) + " " +
                       std::string(problem) +
                       "; expected init-data, node, cap on PCR 14 and one cluster-id on PCR 15, "
                       "each once and in that order; reboot to start from pristine PCRs");
}

}  // namespace

MeasuredEvent ClusterIdEvent(const ClusterId& cluster_id) {
  return MakeEvent(kClusterIdPcr, "cluster-id", {cluster_id});
}

MeasuredEvent InitDataEvent(ByteView invitation) {
  return InitDataEventOfDigest(Sha256(invitation));
}

MeasuredEvent InitDataEventOfDigest(const Sha256Digest& invitation_digest) {
  return MakeEvent(kNodePcr, "init-data", {invitation_digest});
}

MeasuredEvent NodeEvent(std::string_view role, const Sha256Digest& manifest,
                        const Sha256Digest& ca_spki) {
  return MakeEvent(kNodePcr, "node", {AsBytes(role), manifest, ca_spki});
}

MeasuredEvent CapEvent() { return MakeEvent(kNodePcr, "cap", {}); }

Bytes DigestInBank(PcrBank bank, ByteView data) {
  switch (bank) {
    case PcrBank::kSha1:
      return ToBytes(Sha1ForTpmBank(data));
    case PcrBank::kSha256:
      return ToBytes(Sha256(data));
    case PcrBank::kSha384:
      return ToBytes(Sha384(data));
    case PcrBank::kSha512:
      return ToBytes(Sha512(data));
  }
  return {};
}

Bytes ExtendedPcrByDigest(PcrBank bank, ByteView before, ByteView digest) {
  Bytes input = ToBytes(before);
  input.insert(input.end(), digest.begin(), digest.end());
  return DigestInBank(bank, input);
}

Bytes ExtendedPcr(PcrBank bank, ByteView before, ByteView content) {
  return ExtendedPcrByDigest(bank, before, DigestInBank(bank, content));
}

Bytes ZeroPcr(PcrBank bank) { return Bytes(DigestSize(bank), 0); }

Bytes ReplayPcr(PcrBank bank, PcrIndex pcr, std::span<const MeasuredEvent> events) {
  Bytes value = ZeroPcr(bank);
  for (const MeasuredEvent& event : events) {
    if (event.pcr == pcr) value = ExtendedPcr(bank, value, event.content);
  }
  return value;
}

Status CheckEventOrder(std::span<const MeasuredEvent> events) {
  std::array<bool, kSlots.size()> seen{};
  for (const MeasuredEvent& event : events) {
    const auto slot = std::find_if(kSlots.begin(), kSlots.end(), [&](const Slot& candidate) {
      return candidate.pcr == event.pcr && candidate.label == event.label;
    });
    if (slot == kSlots.end()) return OutOfOrder(event, "is not one that a node measures");
    const auto at = static_cast<size_t>(slot - kSlots.begin());
    if (seen[at]) return OutOfOrder(event, "appears twice");
    if (at > 0 && kSlots[at - 1].pcr == event.pcr && !seen[at - 1]) {
      return OutOfOrder(event, "comes too early");
    }
    seen[at] = true;
    const Bytes label = Lp({AsBytes(ContentLabel(event.label))});
    if (event.content.size() < label.size() ||
        !std::equal(label.begin(), label.end(), event.content.begin())) {
      return OutOfOrder(event, "has a content that is labelled otherwise");
    }
  }
  return absl::OkStatus();
}

PcrClass ClassifyPcr(PcrBank bank, ByteView value, ByteView before, const MeasuredEvent& event) {
  if (Equal(value, before)) return PcrClass::kPristine;
  if (Equal(value, ExtendedPcr(bank, before, event.content))) return PcrClass::kAlreadyMeasured;
  return PcrClass::kForeign;
}

}  // namespace kedge
