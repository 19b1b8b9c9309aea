#include <cstdlib>

#include "proto/wire/threshold_share.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto share = kedge::wire::ParseThresholdShare({data, size});
  (void)kedge::wire::ParseAnySeedShare({data, size});
  if (!share.ok()) return 0;
  // What is accepted has its slot, and is printed and read back as the same thing.
  const auto text = kedge::wire::PrintThresholdShare(*share);
  const auto again = kedge::wire::ParseThresholdShare(kedge::AsBytes(text.value()));
  if (!again.ok() || again->set != share->set || again->index != share->index ||
      again->encrypted_share != share->encrypted_share || share->slot().owner.empty()) {
    std::abort();
  }
  const auto key = kedge::VerifyKey::FromSpki(share->set.service_key_spki);
  if (key.ok()) (void)kedge::VerifyShareSet(share->set, *key);
  return 0;
}
