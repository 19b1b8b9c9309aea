#include "storage/core/marker.h"

#include "base/lp.h"
#include "crypto/digest.h"

namespace kedge {
namespace {
constexpr std::string_view kLabel = "kedge/1 state marker";
}  // namespace

Bytes MakeMarker(const SecretBytes& marker_key, const DiskBinding& binding, std::string_view uuid) {
  LpWriter input;
  input.Add(kLabel)
      .Add(binding.cluster_id_hex)
      .Add(binding.node)
      .Add(binding.volume)
      .AddU32(binding.dek_generation)
      .Add(uuid);
  const Sha256Digest mac = HmacSha256(marker_key, input.bytes());
  return Lp({AsBytes(kLabel), AsBytes(uuid), mac});
}

Status CheckMarker(ByteView content, const SecretBytes& marker_key, const DiskBinding& binding,
                   std::string_view uuid) {
  if (ConstantTimeEqual(content, MakeMarker(marker_key, binding, uuid))) return Status();
  return Refused("MARKER_MISSING",
                 "the file system on the state disk has no valid marker: it was not made by a "
                 "finished format of this node's disk; the disk was left as it is");
}

}  // namespace kedge
