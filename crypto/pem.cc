#include "crypto/pem.h"

#include <absl/strings/str_cat.h>

namespace kedge {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view SkipSpace(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

bool LooksLikePem(ByteView file) { return SkipSpace(AsText(file)).starts_with("-----BEGIN "); }

StatusOr<std::vector<Bytes>> DecodePem(std::string_view text, std::string_view label, size_t max) {
  const std::string begin = absl::StrCat("-----BEGIN ", std::string(label), "-----");
  const std::string end = absl::StrCat("-----END ", std::string(label), "-----");
  std::vector<Bytes> out;
  for (text = SkipSpace(text); !text.empty(); text = SkipSpace(text)) {
    if (out.size() == max) return Malformed(absl::StrCat("more than ", max, " PEM blocks"));
    if (!text.starts_with(begin)) return Malformed("PEM: expected '" + begin + "'");
    text.remove_prefix(begin.size());
    const size_t size = text.find(end);
    if (size == std::string_view::npos) return Malformed("PEM: no '" + end + "'");
    std::string base64;
    for (char c : text.substr(0, size)) {
      if (!IsSpace(c)) base64.push_back(c);
    }
    text.remove_prefix(size + end.size());
    std::optional<Bytes> der = FromBase64(base64);
    if (!der) return Malformed("PEM: the block is not base64");
    out.push_back(*std::move(der));
  }
  if (out.empty()) return Malformed("PEM: no block '" + begin + "'");
  return out;
}

}  // namespace kedge
