#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace kedge::cli {

Status ShowVersion(const Environment& env, const Common& common) {
  if (common.json) {
    env.out << nlohmann::ordered_json{{"version", KEDGE_VERSION}}.dump(2) << "\n";
  } else {
    env.out << "kedge " << KEDGE_VERSION << "\n";
  }
  return absl::OkStatus();
}

}  // namespace kedge::cli
