#include "keyservice/core/store.h"

namespace kedge {
namespace {

constexpr size_t kMaxSegments = 4;

bool IsAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

Status CheckStoreKey(std::string_view key) {
  const auto bad = [](std::string_view why) {
    return MakeFault(StatusCode::kInvalidArgument, "STORE_KEY", Advice::kNone, why);
  };
  if (key.empty() || key.size() > kMaxStoreKey) return bad("a store key has 1 to 128 characters");
  size_t segments = 1;
  bool at_start = true;
  for (const char c : key) {
    if (c == '/') {
      if (at_start || ++segments > kMaxSegments) return bad("empty or too many store key segments");
      at_start = true;
      continue;
    }
    if (!IsAlnum(c) && (at_start || (c != '.' && c != '-'))) {
      return bad("a store key segment is [a-z0-9][a-z0-9.-]*");
    }
    at_start = false;
  }
  if (at_start) return bad("a store key does not end in '/'");
  return absl::OkStatus();
}

}  // namespace kedge
