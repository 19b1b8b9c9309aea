#include "attestation/verify/tpm_anchors.h"

#include <algorithm>

namespace kedge {
namespace {

constexpr PinnedAnchor kTpmAnchors[] = {
    {"GCP EK/AK Root", "56a613f57126a385dd6949294e93b0b566f96ab0573be0c2368e6f5ca779831f"},
    {"GCP EK Root of 2018", "f23057f4f97d1d90e4cae0ce91d5a0fc99069f0a1bc147021dca33b1e9c4d0d9"},
    {"Azure Virtual TPM Root 2023",
     "5cbc52672ae101263c2976736044a964c1182ce9412c39937183baddcccb8cdf"}};
constexpr PinnedAnchor kNitroAnchors[] = {
    {"AWS Nitro Enclaves Root G1",
     "f2caf5ecc6190b4a8399b78bc58a2bbcd0382375db8a1bfd78a82743874fd225"}};

}  // namespace

std::span<const PinnedAnchor> TpmCertificateAnchors() { return kTpmAnchors; }
std::span<const PinnedAnchor> NitroAnchors() { return kNitroAnchors; }

const PinnedAnchor* FindAnchor(std::span<const PinnedAnchor> anchors,
                               const Sha256Digest& spki_sha256) {
  const std::string hex = ToHex(spki_sha256);
  const auto found = std::find_if(anchors.begin(), anchors.end(), [&](const PinnedAnchor& anchor) {
    return anchor.spki_sha256 == hex;
  });
  return found == anchors.end() ? nullptr : &*found;
}

}  // namespace kedge
