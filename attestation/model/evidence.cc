#include "attestation/model/evidence.h"

#include <variant>

#include "base/lp.h"

namespace kedge {
namespace {

Bytes Encode(const VtpmEvidence& vtpm) {
  uint32_t selection = 0;
  Bytes values;
  for (const auto& [index, value] : vtpm.pcrs) {
    selection |= uint32_t{1} << (index & 31);
    values.insert(values.end(), value.begin(), value.end());
  }
  LpWriter writer;
  writer.Add(kEvidenceLabel)
      .Add(kVtpmEvidenceType)
      .Add(vtpm.quoted)
      .Add(vtpm.signature)
      .Add(vtpm.ak_public)
      .AddU32(static_cast<uint32_t>(vtpm.bank))
      .AddU32(selection)
      .Add(values)
      .Add(vtpm.firmware_log)
      .Add(vtpm.kedge_log);
  return std::move(writer).Take();
}

}  // namespace

size_t DigestSize(PcrBank bank) {
  switch (bank) {
    case PcrBank::kSha1:
      return 20;
    case PcrBank::kSha256:
      return 32;
    case PcrBank::kSha384:
      return 48;
    case PcrBank::kSha512:
      return 64;
  }
  return 0;
}

std::string_view ToString(PcrBank bank) {
  switch (bank) {
    case PcrBank::kSha1:
      return "sha1";
    case PcrBank::kSha256:
      return "sha256";
    case PcrBank::kSha384:
      return "sha384";
    case PcrBank::kSha512:
      return "sha512";
  }
  return "unknown";
}

std::string_view ToString(EvidenceLevel level) {
  switch (level) {
    case EvidenceLevel::kHostVtpm:
      return "host-vtpm";
    case EvidenceLevel::kTeeVtpm:
      return "tee-vtpm";
    case EvidenceLevel::kTeeMeasured:
      return "tee-measured";
  }
  return "unknown";
}

Bytes EncodeEvidence(const Evidence& evidence) {
  return std::visit([](const auto& layout) { return Encode(layout); }, evidence);
}

}  // namespace kedge
