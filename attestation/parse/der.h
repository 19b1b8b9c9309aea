// A reader for DER (ITU-T X.690 section 10) in the extensions of attestation certificates: one-byte
// tags, definite minimal lengths, nothing skipped. Bounds are those of the bytes given.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/reader.h"
#include "base/status.h"

namespace kedge {

inline constexpr uint8_t kDerBoolean = 0x01;
inline constexpr uint8_t kDerInteger = 0x02;
inline constexpr uint8_t kDerOctetString = 0x04;
inline constexpr uint8_t kDerObjectIdentifier = 0x06;
inline constexpr uint8_t kDerEnumerated = 0x0A;
inline constexpr uint8_t kDerSequence = 0x30;

class DerReader {
 public:
  explicit DerReader(ByteView der) : reader_(der) {}

  bool empty() const { return reader_.empty(); }
  // The content of the next element, which must have this tag. MALFORMED.
  StatusOr<ByteView> Element(uint8_t tag);
  // A SEQUENCE, to be read further.
  StatusOr<DerReader> Sequence();
  // An INTEGER or ENUMERATED from 0 to `max`, in its shortest form.
  StatusOr<uint64_t> Unsigned(uint8_t tag, uint64_t max);
  StatusOr<bool> Boolean();
  // MALFORMED unless everything has been read.
  Status ExpectEnd() const { return reader_.ExpectEnd(); }

 private:
  Reader reader_;
};

}  // namespace kedge
