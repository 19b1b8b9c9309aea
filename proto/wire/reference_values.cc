#include "proto/wire/reference_values.h"

#include <absl/strings/str_cat.h>

#include "keyservice/core/manifest.h"
#include "proto/kedge.pb.h"
#include "proto/wire/images.h"
#include "proto/wire/json.h"

namespace kedge::wire {
namespace {

constexpr JsonLimits kLimits{
    .max_bytes = kMaxReferenceValuesFile, .max_depth = 3, .max_values = 64};
constexpr const char* kPhases[] = {"enter-initrd", "leave-initrd", "sysinit", "ready"};

}  // namespace

StatusOr<ReferenceValues> ParseReferenceValues(ByteView file, std::vector<std::string> roles) {
  v1::ReferenceValuesFile message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kLimits, &message), "reference values"));
  if (message.image().name().empty()) return Malformed("reference values: image.name is unset");
  ReferenceValues out;
  out.image_name = message.image().variant().empty()
                       ? message.image().name()
                       : absl::StrCat(message.image().name(), "-", message.image().variant());
  out.image_version = message.image().version();
  out.roles = std::move(roles);
  for (const auto& [text, hex] : message.pcrs()) {
    ASSIGN_OR_RETURN(const PcrIndex index, PcrIndexFromText(text));
    ASSIGN_OR_RETURN(out.pcrs[index], PcrValueFromHex(hex, absl::StrCat("PCR ", text)));
  }
  // A map has no order; the phases of a boot have one.
  for (const char* phase : kPhases) {
    const auto found = message.pcr11().find(phase);
    if (found == message.pcr11().end()) {
      return Malformed(absl::StrCat("reference values: no PCR 11 for the phase ", phase));
    }
    ASSIGN_OR_RETURN(Bytes value,
                     PcrValueFromHex(found->second, absl::StrCat("PCR 11 at ", phase)));
    out.pcr11_phases.emplace_back(phase, std::move(value));
  }
  if (message.pcr11().size() != std::size(kPhases)) {
    return Malformed("reference values: PCR 11 with an unknown phase");
  }
  RETURN_IF_ERROR(ValidateReferenceValues(out, "reference values"));
  return out;
}

}  // namespace kedge::wire
