#include "bootstrapper/core/smbios.h"

#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint8_t kOemStrings = 11;
constexpr uint8_t kFormattedSize = 5;  // header of four bytes, count of strings

Status Bad(std::string_view what) { return Malformed("SMBIOS OEM strings: " + std::string(what)); }

// The characters up to the next NUL, which is consumed.
StatusOr<std::string_view> NextString(Reader& reader, ByteView structure) {
  const std::string_view rest = AsText(structure.subspan(reader.position()));
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return Bad("a string without its end");
  RETURN_IF_ERROR(reader.Skip(end + 1));
  return rest.substr(0, end);
}

}  // namespace

StatusOr<std::optional<Bytes>> InvitationInOemStrings(ByteView structure) {
  if (structure.size() > kMaxSmbiosStructure) return Bad("too large");
  Reader reader(structure);
  ASSIGN_OR_RETURN(const uint8_t type, reader.U8());
  ASSIGN_OR_RETURN(const uint8_t formatted_size, reader.U8());
  RETURN_IF_ERROR(reader.Skip(2));  // handle
  ASSIGN_OR_RETURN(const uint8_t count, reader.U8());
  if (type != kOemStrings || formatted_size != kFormattedSize) return Bad("another structure");
  std::optional<Bytes> found;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(std::string_view text, NextString(reader, structure));
    if (!text.starts_with(kSmbiosInvitationPrefix)) continue;
    if (found) return Bad("two invitations");
    text.remove_prefix(kSmbiosInvitationPrefix.size());
    found = FromBase64(text);
    if (!found) return Bad("the invitation is not base64");
  }
  // The set of strings ends with one more NUL; without strings, with two.
  ASSIGN_OR_RETURN(const uint8_t end, reader.U8());
  if (end != 0) return Bad("more strings than counted");
  if (count == 0) RETURN_IF_ERROR(reader.Skip(1));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return found;
}

}  // namespace kedge
