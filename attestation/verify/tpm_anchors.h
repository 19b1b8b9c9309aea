// The public keys that vouch for TPMs and documents of clouds, pinned by SubjectPublicKeyInfo: a
// certificate may be issued again for the same key.
#pragma once

#include <span>
#include <string_view>

#include "crypto/digest.h"

namespace kedge {

struct PinnedAnchor {
  std::string_view name;         // "GCP EK/AK Root"
  std::string_view spki_sha256;  // hex
};
// Roots of EK and AK certificates: GCP (two), Azure.
std::span<const PinnedAnchor> TpmCertificateAnchors();
// The root of Nitro Enclaves and NitroTPM documents.
std::span<const PinnedAnchor> NitroAnchors();

// nullptr where no anchor has this key.
const PinnedAnchor* FindAnchor(std::span<const PinnedAnchor> anchors,
                               const Sha256Digest& spki_sha256);

}  // namespace kedge
