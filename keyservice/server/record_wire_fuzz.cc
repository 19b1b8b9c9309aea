#include <cstdlib>

#include "keyservice/server/record_wire.h"

namespace {

// What parses is printed again, and that parses to the same text.
template <typename T>
void RoundTrip(kedge::ByteView bytes, kedge::StatusOr<T> (*parse)(kedge::ByteView),
               kedge::StatusOr<std::string> (*print)(const T&)) {
  const auto value = parse(bytes);
  if (!value.ok()) return;
  const auto text = print(*value);
  if (!text.ok()) abort();
  const auto again = parse(kedge::AsBytes(*text));
  if (!again.ok() || print(*again).value() != *text) abort();
}

}  // namespace

// The first byte chooses the record.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kedge::keyservice;
  if (size == 0) return 0;
  const kedge::ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      RoundTrip(bytes, ParseClusterRecord, PrintClusterRecord);
      break;
    case 1:
      RoundTrip(bytes, ParseTransition, PrintTransition);
      break;
    case 2:
      RoundTrip(bytes, ParseNodeRecord, PrintNodeRecord);
      break;
    default:
      RoundTrip(bytes, ParseRefusals, PrintRefusals);
      break;
  }
  return 0;
}
