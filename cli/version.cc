#include "cli/commands.h"

namespace kedge::cli {

Answer ShowVersion() {
  return {.text = std::string("kedge ") + KEDGE_VERSION + "\n",
          .json = {{"version", KEDGE_VERSION}},
          .verdict = {}};
}

}  // namespace kedge::cli
