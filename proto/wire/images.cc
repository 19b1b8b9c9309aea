#include "proto/wire/images.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace kedge::wire {

StatusOr<Bytes> PcrValueFromHex(const std::string& hex, std::string_view what) {
  auto value = FromHex(hex);
  if (!value || value->size() != DigestSize(PcrBank::kSha256) || ToHex(*value) != hex) {
    return Malformed(absl::StrCat(absl::string_view(what.data(), what.size()),
                                  ": expected 64 lower-case hexadecimal digits"));
  }
  return *std::move(value);
}

StatusOr<PcrIndex> PcrIndexFromText(const std::string& text) {
  PcrIndex index = 0;
  if (!absl::SimpleAtoi(text, &index) || index > 23 || absl::StrCat(index) != text) {
    return Malformed(absl::StrCat("PCR '", text, "': expected a number from 0 to 23"));
  }
  return index;
}

namespace {

StatusOr<Bytes> LaunchDigestFromHex(const std::string& hex, const std::string& image) {
  auto value = FromHex(hex);
  if (!value || ToHex(*value) != hex) {
    return Malformed(
        absl::StrCat("image ", image, ": launch: expected lower-case hexadecimal digits"));
  }
  return *std::move(value);
}

StatusOr<LaunchReference> FromWire(const v1::LaunchMeasurement& launch, const std::string& image) {
  LaunchReference out;
  if (launch.tee() == ToString(Tee::kSnp)) {
    out.tee = Tee::kSnp;
  } else if (launch.tee() == ToString(Tee::kTdx)) {
    out.tee = Tee::kTdx;
  } else {
    return Malformed(
        absl::StrCat("image ", image, ": launch: tee '", launch.tee(), "' is not snp or tdx"));
  }
  ASSIGN_OR_RETURN(out.measurement, LaunchDigestFromHex(launch.measurement(), image));
  ASSIGN_OR_RETURN(out.rtmr1, LaunchDigestFromHex(launch.rtmr1(), image));
  ASSIGN_OR_RETURN(out.rtmr2, LaunchDigestFromHex(launch.rtmr2(), image));
  return out;
}

}  // namespace

StatusOr<ReferenceValues> FromWire(const v1::Image& image) {
  ReferenceValues out;
  out.image_name = image.name();
  out.image_version = image.version();
  out.roles.assign(image.roles().begin(), image.roles().end());
  for (const auto& [text, hex] : image.pcrs()) {
    ASSIGN_OR_RETURN(const PcrIndex index, PcrIndexFromText(text));
    ASSIGN_OR_RETURN(out.pcrs[index],
                     PcrValueFromHex(hex, absl::StrCat("image ", image.name(), ": PCR ", text)));
  }
  for (const v1::PhaseValue& phase : image.pcr11()) {
    ASSIGN_OR_RETURN(Bytes value,
                     PcrValueFromHex(phase.value(), absl::StrCat("image ", image.name(),
                                                                 ": PCR 11 at ", phase.phase())));
    out.pcr11_phases.emplace_back(phase.phase(), std::move(value));
  }
  for (const v1::LaunchMeasurement& launch : image.launch()) {
    ASSIGN_OR_RETURN(out.launch.emplace_back(), FromWire(launch, image.name()));
  }
  return out;
}

void ToWire(const ReferenceValues& image, v1::Image* out) {
  out->set_name(image.image_name);
  out->set_version(image.image_version);
  for (const std::string& role : image.roles) out->add_roles(role);
  for (const auto& [index, value] : image.pcrs) {
    (*out->mutable_pcrs())[absl::StrCat(index)] = ToHex(value);
  }
  for (const auto& [phase, value] : image.pcr11_phases) {
    v1::PhaseValue* added = out->add_pcr11();
    added->set_phase(phase);
    added->set_value(ToHex(value));
  }
  for (const LaunchReference& launch : image.launch) {
    v1::LaunchMeasurement* added = out->add_launch();
    added->set_tee(std::string(ToString(launch.tee)));
    added->set_measurement(ToHex(launch.measurement));
    added->set_rtmr1(ToHex(launch.rtmr1));
    added->set_rtmr2(ToHex(launch.rtmr2));
  }
}

TpmRoot FromWire(const v1::TpmRootCertificate& root) {
  return {.name = root.name(), .certificate_pem = root.certificate_pem()};
}

void ToWire(const TpmRoot& root, v1::TpmRootCertificate* out) {
  out->set_name(root.name);
  out->set_certificate_pem(root.certificate_pem);
}

}  // namespace kedge::wire
