#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <array>

#include "attestation/verify/evidence_level.h"
#include "attestation/verify/verify.h"

namespace kedge {
namespace {

// What was added to the image comes first, because a verdict is named after its first failure: load
// options change PCR 9 as well as 12.
constexpr std::array<PcrIndex, 4> kReferencePcrs = {12, 13, 4, 9};
constexpr PcrIndex kBootPcr = 11;
constexpr std::string_view kEnterInitrd = "enter-initrd";

Bytes PcrOr(const Claims& claims, PcrIndex pcr) {
  const auto value = claims.pcrs.find(pcr);
  return value == claims.pcrs.end() ? Bytes() : value->second;
}

std::string TitleOf(const ReferenceValues& image) {
  return image.image_name + " " + image.image_version;
}

// An image that leaves a value open would accept anything there: that is an error of the policy.
std::string MissingFrom(const ReferenceValues& image, size_t digest_size) {
  for (PcrIndex pcr : kReferencePcrs) {
    const auto value = image.pcrs.find(pcr);
    if (value == image.pcrs.end() || value->second.size() != digest_size) {
      return absl::StrCat("no value for PCR ", pcr);
    }
  }
  if (image.pcrs.size() != kReferencePcrs.size()) return "values for PCRs other than 4, 9, 12, 13";
  if (image.pcr11_phases.empty() || image.pcr11_phases.front().first != kEnterInitrd) {
    return "PCR 11 phases do not begin with enter-initrd";
  }
  for (const auto& [phase, value] : image.pcr11_phases) {
    if (value.size() != digest_size) return "no value for PCR 11 at " + phase;
  }
  return "";
}

std::string PhaseOf(const ReferenceValues& image, ByteView value) {
  for (const auto& [phase, expected] : image.pcr11_phases) {
    if (Equal(expected, value)) return phase;
  }
  return "";
}

// How many of an image's five values the claims show; all of them = this is the image.
size_t Score(const ReferenceValues& image, const Claims& claims) {
  size_t score = PhaseOf(image, PcrOr(claims, kBootPcr)).empty() ? 0 : 1;
  for (const auto& [pcr, value] : image.pcrs) score += Equal(value, PcrOr(claims, pcr)) ? 1 : 0;
  return score;
}

// Whether the hardware's own measurement is one of the image's; a row where the image has any for
// this hardware.
bool CheckLaunch(const TeeClaims& tee, const ReferenceValues& image, CheckList& rows) {
  const LaunchReference actual{
      .tee = tee.tee, .measurement = tee.measurement, .rtmr1 = tee.rtmr1, .rtmr2 = tee.rtmr2};
  std::vector<std::string> expected;
  bool found = false;
  for (const LaunchReference& launch : image.launch) {
    if (launch.tee != tee.tee) continue;
    expected.push_back(Describe(launch));
    found = found || launch == actual;
  }
  if (expected.empty()) return false;
  return rows.Demand("launch", found, absl::StrJoin(expected, ", "), Describe(actual));
}

void CheckImage(const Claims& claims, const AppraisalPolicy& policy, CheckList& rows,
                Appraisal& out) {
  rows.Demand("policy.images", !policy.images.empty(), "at least one image for the role",
              absl::StrCat(policy.images.size(), " images"));
  const ReferenceValues* best = nullptr;
  for (const ReferenceValues& image : policy.images) {
    const std::string missing = MissingFrom(image, DigestSize(claims.bank));
    if (!missing.empty()) {
      rows.Fail("policy.image", TitleOf(image) + " with every reference value", missing);
      continue;
    }
    if (best == nullptr || Score(image, claims) > Score(*best, claims)) best = &image;
  }
  if (best == nullptr) {
    rows.Fail("image", "an image of the policy", "no image to compare with");
    return;
  }
  for (const PcrIndex pcr : kReferencePcrs) {
    const Bytes& value = best->pcrs.at(pcr);  // MissingFrom found it
    const Bytes actual = PcrOr(claims, pcr);
    rows.Demand(absl::StrCat("pcr.", pcr), Equal(value, actual), ToHex(value), ToHex(actual));
  }
  const Bytes boot = PcrOr(claims, kBootPcr);
  out.phase = PhaseOf(*best, boot);
  const std::string phases =
      absl::StrJoin(best->pcr11_phases, ", ", [](std::string* text, const auto& phase) {
        absl::StrAppend(text, phase.first, "=", ToHex(phase.second));
      });
  rows.Demand("pcr.11", !out.phase.empty(), phases, ToHex(boot));
  const bool matches = Score(*best, claims) == kReferencePcrs.size() + 1;
  if (matches) out.image = TitleOf(*best);
  rows.Demand("image", matches,
              absl::StrJoin(policy.images, ", ",
                            [](std::string* text, const ReferenceValues& image) {
                              absl::StrAppend(text, TitleOf(image));
                            }),
              matches ? out.image : "another image; nearest is " + TitleOf(*best));
  LevelFacts level;
  level.tee = claims.tee.has_value();
  level.launch_is_image = level.tee && CheckLaunch(*claims.tee, *best, rows) && matches;
  out.level = DecideEvidenceLevel(level);
}

void CheckLevel(const Claims& claims, const AppraisalPolicy& policy, EvidenceLevel level,
                CheckList& rows) {
  const bool accepted = std::find(policy.accepted_levels.begin(), policy.accepted_levels.end(),
                                  level) != policy.accepted_levels.end();
  const std::string expected =
      absl::StrJoin(policy.accepted_levels, ", ", [](std::string* text, EvidenceLevel named) {
        absl::StrAppend(text, std::string(ToString(named)));
      });
  rows.Demand("evidence.level", accepted,
              expected.empty() ? "a level named by the policy" : expected,
              std::string(ToString(level)));
  rows.Demand("pcr.bank", claims.bank == PcrBank::kSha256, "sha256",
              std::string(ToString(claims.bank)));
}

void CheckPhase(const AppraisalPolicy& policy, CheckList& rows, Appraisal& out) {
  const std::string phase = out.phase.empty() ? "unknown" : out.phase;
  if (policy.phase == BootPhase::kAny) {
    rows.Demand("boot.phase", !out.phase.empty(), "any known phase", phase);
    rows.Skip("boot.cap", "policy accepts every phase", out.capped ? "capped" : "not capped");
    return;
  }
  rows.Demand("boot.phase", out.phase == kEnterInitrd, std::string(kEnterInitrd), phase);
  rows.Demand("boot.cap", !out.capped, "not capped", out.capped ? "capped" : "not capped");
}

std::vector<MeasuredEvent> EventsOf(const Claims& claims, PcrIndex pcr) {
  std::vector<MeasuredEvent> out;
  std::copy_if(claims.kedge_events.begin(), claims.kedge_events.end(), std::back_inserter(out),
               [pcr](const MeasuredEvent& event) { return event.pcr == pcr; });
  return out;
}

std::string Describe(const std::vector<MeasuredEvent>& events) {
  if (events.empty()) return "no event";
  return absl::StrJoin(events, ", ", [](std::string* text, const MeasuredEvent& event) {
    absl::StrAppend(text, event.label, " ", ToHex(event.content));
  });
}

void CheckEvents(const Claims& claims, const AppraisalPolicy& policy, CheckList& rows) {
  const Status order = CheckEventOrder(claims.kedge_events);
  rows.Demand("event.order", order.ok(), "init-data, node, cap; cluster-id",
              order.ok() ? "in order" : MessageOf(order));
  for (PcrIndex pcr : {kNodePcr, kClusterIdPcr}) {
    const Bytes replayed = ReplayPcr(claims.bank, pcr, claims.kedge_events);
    const Bytes actual = PcrOr(claims, pcr);
    rows.Demand(absl::StrCat("pcr.", pcr), Equal(replayed, actual), ToHex(replayed), ToHex(actual));
  }

  const std::vector<MeasuredEvent> node = EventsOf(claims, kNodePcr);
  if (policy.init_data) {
    const MeasuredEvent expected = InitDataEventOfDigest(*policy.init_data);
    rows.Demand("event.init-data", !node.empty() && node.front() == expected, Describe({expected}),
                node.empty() ? "no event" : Describe({node.front()}));
  } else {
    rows.Skip("event.init-data", "policy names no configuration",
              node.empty() ? "no event" : Describe({node.front()}));
  }

  const std::vector<MeasuredEvent> cluster = EventsOf(claims, kClusterIdPcr);
  std::vector<MeasuredEvent> expected;
  if (policy.cluster_id) expected.push_back(ClusterIdEvent(*policy.cluster_id));
  rows.Demand("event.cluster-id", cluster == expected, Describe(expected), Describe(cluster));
}

// Direct kernel boot and a host that resets PCRs leave them all alike: never refused for that
// alone, because the references above decide, but always said.
void WarnOfUnmeasuredFirmware(const Claims& claims, CheckList& rows) {
  for (PcrIndex pcr = 0; pcr < 8; ++pcr) {
    const Bytes value = PcrOr(claims, pcr);
    const bool blank = std::all_of(value.begin(), value.end(), [](uint8_t b) { return b == 0; }) ||
                       std::all_of(value.begin(), value.end(), [](uint8_t b) { return b == 0xFF; });
    if (blank) {
      rows.Warn(absl::StrCat("firmware.pcr.", pcr), "a value measured by the firmware",
                ToHex(value));
    }
  }
}

}  // namespace

std::string Describe(const LaunchReference& launch) {
  return absl::StrCat(std::string(ToString(launch.tee)), " ", ToHex(launch.measurement),
                      launch.rtmr1.empty() ? "" : " RTMR1 ", ToHex(launch.rtmr1),
                      launch.rtmr2.empty() ? "" : " RTMR2 ", ToHex(launch.rtmr2));
}

Appraisal Appraise(const Claims& claims, const AppraisalPolicy& policy) {
  Appraisal out;
  out.capped = std::any_of(claims.kedge_events.begin(), claims.kedge_events.end(),
                           [](const MeasuredEvent& event) { return event == CapEvent(); });
  // The level follows from the image but is said first, because it decides what the rest is worth.
  CheckList image;
  CheckImage(claims, policy, image, out);
  CheckList rows;
  CheckLevel(claims, policy, out.level, rows);
  rows.Append(std::move(image));
  CheckPhase(policy, rows, out);
  CheckEvents(claims, policy, rows);
  WarnOfUnmeasuredFirmware(claims, rows);
  out.verdict = std::move(rows).Take();
  return out;
}

}  // namespace kedge
