// Headers that the allow-list must refuse, each with one thing wrong.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace kedge::testing {

struct HostileHeader {
  std::string name;
  Bytes region;
  std::string expected;  // what the refusal must say
};

// How GoogleTest and ctest name a case.
inline void PrintTo(const HostileHeader& header, std::ostream* out) { *out << header.name; }

// Checksums are right unless they are the point.
std::vector<HostileHeader> HostileHeaders();

}  // namespace kedge::testing
