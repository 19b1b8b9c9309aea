#include "attestation/verify/event_digest.h"

#include <algorithm>
#include <array>

#include "attestation/model/measured_event.h"
#include "attestation/parse/event_data.h"
#include "attestation/parse/printable.h"
#include "attestation/parse/uefi.h"

namespace kedge {
namespace {

bool CoversData(uint32_t type) {
  return type == kEvSeparator || type == kEvEfiAction || type == kEvEfiVariableDriverConfig ||
         type == kEvSCrtmVersion || type == kEvEfiGptEvent || type == kEvNonhostInfo ||
         type == kEvEfiVariableBoot || type == kEvEfiVariableBoot2;
}

bool IsVariable(uint32_t type) {
  return type == kEvEfiVariableBoot || type == kEvEfiVariableBoot2 ||
         type == kEvEfiVariableAuthority;
}

bool Fits(const FirmwareEvent& event, ByteView hashed) {
  return !event.digests.empty() &&
         std::all_of(event.digests.begin(), event.digests.end(), [&](const auto& entry) {
           return Equal(DigestInBank(entry.first, hashed), entry.second);
         });
}

// EV_IPL of GRUB ("grub_cmd: set x", digest over "set x"), shim and systemd ("Variable" with its
// NUL, UTF-16 text, UTF-16 name for an 8-bit string that was hashed).
EventJudgement JudgeText(const FirmwareEvent& event) {
  ByteView text(event.data);
  const bool wide = LooksLikeUtf16(text);
  if (wide) {
    if (text.size() >= 2 && text[text.size() - 1] == 0 && text[text.size() - 2] == 0) {
      text = text.first(text.size() - 2);
    }
    if (Fits(event, text)) return {EventTrust::kVerified, text};
    Bytes narrow;
    for (size_t i = 0; i < text.size(); i += 2) {
      if (text[i + 1] != 0 || text[i] >= 0x80) return {};
      narrow.push_back(text[i]);
    }
    if (Fits(event, narrow)) return {EventTrust::kVerified, text};
    narrow.push_back(0);
    return Fits(event, narrow) ? EventJudgement{EventTrust::kVerified, text} : EventJudgement{};
  }
  const auto end = std::find(text.begin(), text.end(), uint8_t{0});
  text = text.first(static_cast<size_t>(end - text.begin()));
  if (text.empty()) return {};
  if (Fits(event, text)) return {EventTrust::kVerified, text};
  // GRUB's labels: "grub_cmd: ", "kernel_cmdline: "; "grub_cmd " in forks.
  for (std::string_view separator : {": ", " "}) {
    const size_t label = AsText(text).find(separator);
    if (label == std::string_view::npos) continue;
    const ByteView rest = text.subspan(label + separator.size());
    if (!rest.empty() && Fits(event, rest)) return {EventTrust::kVerified, rest};
  }
  return {};
}

EventJudgement JudgeOther(const FirmwareEvent& event) {
  const ByteView data(event.data);
  if (event.type == kEvIpl) return JudgeText(event);
  if (event.type == kEvEfiVariableAuthority && data.size() > 1) {
    const ByteView shorter = data.first(data.size() - 1);
    if (Fits(event, shorter)) return {EventTrust::kVerified, shorter};
  }
  if (event.type == kEvEventTag) {
    const StatusOr<TaggedEvent> tagged = ParseTaggedEvent(data);
    if (tagged.ok() && !tagged->data.empty() && Fits(event, tagged->data)) {
      return {EventTrust::kVerified, tagged->data};
    }
  }
  return {};
}

}  // namespace

std::string_view ToString(EventTrust trust) {
  switch (trust) {
    case EventTrust::kVerified:
      return "verified";
    case EventTrust::kUnverified:
      return "unverified";
    case EventTrust::kMismatch:
      return "mismatch";
  }
  return "unknown";
}

EventJudgement JudgeEvent(const FirmwareEvent& event) {
  const ByteView data(event.data);
  // Never extended: nothing vouches for it.
  if (event.type == kEvNoAction) return {};
  if (Fits(event, data)) return {EventTrust::kVerified, data};
  if (IsVariable(event.type)) {
    const StatusOr<UefiVariable> variable = ParseUefiVariable(data);
    if (variable.ok() && Fits(event, variable->data)) {
      return {EventTrust::kVerified, variable->data};
    }
  }
  if (CoversData(event.type)) {
    // Nothing was measured, or in no bank that we know: nothing contradicts the data either.
    return {event.digests.empty() ? EventTrust::kUnverified : EventTrust::kMismatch, {}};
  }
  return JudgeOther(event);
}

}  // namespace kedge
