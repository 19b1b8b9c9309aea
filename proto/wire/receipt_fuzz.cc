#include <cstdlib>

#include "proto/wire/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto receipt = kedge::wire::ParseReceipt({data, size});
  // What is accepted is printed and read back as the same thing.
  if (receipt.ok()) {
    const auto text = kedge::wire::PrintReceipt(*receipt);
    const auto again = kedge::wire::ParseReceipt(kedge::AsBytes(text.value()));
    if (!again.ok() || kedge::ReceiptMessage(*again) != kedge::ReceiptMessage(*receipt)) {
      std::abort();
    }
  }
  (void)kedge::wire::ParseSeedShare({data, size});
  return 0;
}
