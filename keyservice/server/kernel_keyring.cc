#include "keyservice/server/kernel_keyring.h"

#include "keyservice/core/key_tree.h"

namespace kedge::keyservice {
namespace {

// Bytes. No seed gets into a service but one it made, or one out of a seed share, which for
// RSA-4096 with OAEP and SHA-256 holds 446 at most. A longer entry is somebody else's.
constexpr size_t kMaxKeptSeedSize = 446;

}  // namespace

KernelKeyring::KernelKeyring(std::string name)
    : key_(std::move(name), {.least = kMinSeedSize, .most = kMaxKeptSeedSize}) {}

}  // namespace kedge::keyservice
