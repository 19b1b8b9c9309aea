// Headers that the allow-list must refuse, each with one thing wrong.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "storage/core/luks_json.h"

namespace kedge::testing {

struct HostileHeader {
  std::string name;
  Bytes region;
  std::string expected;  // what the refusal must say
};

// How GoogleTest and ctest name a case.
inline void PrintTo(const HostileHeader& header, std::ostream* out) { *out << header.name; }

// On the good header of `format`. Checksums are right unless they are the point. Format 1 does not
// count, so it has no cases of counters.
std::vector<HostileHeader> HostileHeaders(uint32_t format = kHeaderFormat2);

}  // namespace kedge::testing
