// What image/predict writes for the image that the tests' machines boot.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "attestation/issue/testing/fake_node.h"

namespace kedge::testing {

// reference-values.json of TestImage(`name`).
inline std::string ReferenceFile(const std::string& name = "kedge-test") {
  const ReferenceValues image = TestImage(name);
  nlohmann::json json = {{"image", {{"name", name}, {"version", "1"}, {"variant", ""}}},
                         {"build_time", "2025-10-09T00:00:00Z"}};
  for (const auto& [index, value] : image.pcrs) json["pcrs"][std::to_string(index)] = ToHex(value);
  for (const auto& [phase, value] : image.pcr11_phases) json["pcr11"][phase] = ToHex(value);
  return json.dump();
}

}  // namespace kedge::testing
