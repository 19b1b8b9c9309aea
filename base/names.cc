#include "base/names.h"

#include <algorithm>

namespace kedge {
namespace {

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && IsAlphanumeric(name.front()) &&
         IsAlphanumeric(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlphanumeric(c) || c == '-';
         });
}

}  // namespace kedge
