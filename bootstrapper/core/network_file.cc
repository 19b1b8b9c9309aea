#include "bootstrapper/core/network_file.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <vector>

namespace kedge {
namespace {

// Decimal digits only, no leading zero, at most `max`.
bool IsNumber(absl::string_view text, int max) {
  const bool digits =
      !text.empty() && text.size() <= 3 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  int value = 0;
  return digits && (text.size() == 1 || text[0] != '0') && absl::SimpleAtoi(text, &value) &&
         value <= max;
}

bool IsAddress(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  return parts.size() == 4 &&
         std::all_of(parts.begin(), parts.end(), [](auto part) { return IsNumber(part, 255); });
}

bool IsAddressWithPrefix(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  return parts.size() == 2 && IsAddress(parts[0]) && IsNumber(parts[1], 32);
}

}  // namespace

StatusOr<std::string> RenderNetworkFile(const std::string& address, const std::string& gateway) {
  const bool is_static = !address.empty();
  if (is_static && !IsAddressWithPrefix(address)) {
    return Refused("INVITATION_NOT_ACCEPTED",
                   "the invitation's address is not of the form 192.168.77.12/24");
  }
  if (!gateway.empty() && (!is_static || !IsAddress(gateway))) {
    return Refused("INVITATION_NOT_ACCEPTED",
                   "the invitation's gateway is not an IPv4 address beside a static address");
  }
  std::string file = "[Match]\nType=ether\n\n[Network]\nLinkLocalAddressing=no\nLLMNR=no\n";
  // An address belongs to the node from the switch to the real root until it stops.
  absl::StrAppend(&file, "KeepConfiguration=yes\n");
  if (!is_static) return absl::StrCat(file, "DHCP=ipv4\n");
  absl::StrAppend(&file, "DHCP=no\nIPv6AcceptRA=no\nAddress=", address, "\n");
  if (!gateway.empty()) absl::StrAppend(&file, "Gateway=", gateway, "\n");
  return file;
}

}  // namespace kedge
