// The real `kedge` as an operator runs it.
#pragma once

#include <string>
#include <vector>

namespace kedge::testing {

struct KedgeEnded {
  int code = -1;  // -1: did not end by itself within two minutes
  std::string out;
  std::string err;
};

// Runs it to its end; `folder` is for its output.
KedgeEnded RunKedge(const std::vector<std::string>& arguments, const std::string& folder);

}  // namespace kedge::testing
