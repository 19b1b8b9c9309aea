// Builds HCL reports, for tests (header only).
#pragma once

#include <string>

#include "attestation/parse/testing/uefi_builder.h"
#include "base/bytes.h"

namespace kedge::testing {

struct HclTerms {
  std::string magic = "HCLA";
  uint32_t version = 1;
  uint32_t report_type = 2;
  uint32_t hash_type = 1;
  Bytes hardware_report = Bytes(1184, 0x5A);
  std::string json = R"({"keys":[]})";
  uint32_t size_offset = 0;      // added to the size that the header states
  uint32_t variable_offset = 0;  // added to the size of the JSON that is stated
  Bytes padding = Bytes(10, 0);
};

inline Bytes HclBytes(const HclTerms& terms) {
  const auto variable = static_cast<uint32_t>(terms.json.size());
  const uint32_t data = 20 + variable;
  return LittleEndianWriter()
      .Text(terms.magic)
      .U32(terms.version)
      .U32(32 + 1184 + data + terms.size_offset)
      .U32(2)
      .U32(0)
      .Raw(Bytes(12, 0))
      .Raw(terms.hardware_report)
      .U32(data)
      .U32(1)
      .U32(terms.report_type)
      .U32(terms.hash_type)
      .U32(variable + terms.variable_offset)
      .Text(terms.json)
      .Raw(terms.padding)
      .Take();
}

}  // namespace kedge::testing
