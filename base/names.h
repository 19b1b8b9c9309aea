// Names that people give to nodes and clusters and that end up in certificates, paths and messages.
#pragma once

#include <string_view>

namespace kedge {

// An RFC 1123 label: 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends.
bool IsName(std::string_view name);

}  // namespace kedge
