// Outside bytes as text that a terminal, a page and a JSON document can show: nothing that moves a
// cursor, changes direction or breaks UTF-8 comes through. Pure.
#pragma once

#include <string>

#include "base/bytes.h"

namespace kedge {

// Printable ASCII as it is, a backslash doubled, any other byte as \xNN. NUL bytes at the end are
// dropped.
std::string PrintableAscii(ByteView bytes);
// UTF-16LE up to its first NUL character or its end, as UTF-8; controls, unpaired surrogates and
// marks that reorder text as \uNNNN. An odd byte at the end is ignored.
std::string PrintableUtf16(ByteView bytes);
// Whether the bytes look like UTF-16LE text of mostly Latin letters rather than like ASCII.
bool LooksLikeUtf16(ByteView bytes);
// PrintableUtf16 or PrintableAscii, whichever fits.
std::string PrintableText(ByteView bytes);
// The first `max` bytes in hexadecimal, with the size where there are more.
std::string ShortHex(ByteView bytes, size_t max);

}  // namespace kedge
