#include "keyservice/server/kernel_keyring.h"

#include "keyservice/core/key_tree.h"

namespace kedge::keyservice {

KernelKeyring::KernelKeyring(std::string name)
    : key_(std::move(name), {.least = kMinSeedSize, .most = kMaxSeedSize}) {}

}  // namespace kedge::keyservice
