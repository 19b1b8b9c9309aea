// Pulls CBOR (RFC 8949) items one at a time out of outside bytes, over libcbor's stateless decoder:
// no tree, no allocation, and a count is only ever a number to compare with. Items with fractions,
// undefined and strings in chunks are MALFORMED: nothing here is encoded so.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

enum class CborKind {
  kUnsigned,
  kNegative,
  kBytes,
  kText,
  kArray,
  kMap,
  kTag,
  kNull,
  kBool,
  kBreak
};

struct CborItem {
  CborKind kind = CborKind::kNull;
  // kUnsigned, kTag, kBool: the value; kNegative: n of -1 - n; kArray, kMap: the count of items or
  // pairs, which nothing has checked.
  uint64_t value = 0;
  bool indefinite = false;  // of kArray and kMap; a kBreak ends it
  ByteView bytes;           // kBytes and kText: a view into the data
};

class CborReader {
 public:
  explicit CborReader(ByteView data) : data_(data) {}

  bool empty() const { return position_ == data_.size(); }
  size_t position() const { return position_; }
  StatusOr<CborItem> Next();
  // The next item, which must be of this kind.
  StatusOr<CborItem> Expect(CborKind kind);
  // Passes over one whole item with all that is in it, nested at most `depth` deep.
  Status SkipItem(int depth);
  Status ExpectEnd() const;

 private:
  Status SkipRest(const CborItem& item, int depth);

  ByteView data_;
  size_t position_ = 0;
};

// A byte string with its head, as it stands inside a larger encoding.
Bytes EncodeCborBytes(ByteView value);

}  // namespace kedge
