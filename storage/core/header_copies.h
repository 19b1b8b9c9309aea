// One of the two copies of a LUKS2 header (kLuksCopyBytes: binary header and JSON area), on its own
// and beside the other. Pure; every view has kLuksCopyBytes bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "storage/core/luks_layout.h"

namespace kedge {

ByteView FieldOf(ByteView copy, LuksField field);
void PutBigEndian(Bytes& copy, LuksField field, uint64_t value);
uint64_t SequenceOf(ByteView copy);

// The binary header as libcryptsetup 2.6 writes it for us, and the right checksum over all of the
// copy. The JSON text is not looked at. Faults: HEADER_NOT_ACCEPTED.
Status CheckCopy(ByteView copy, bool primary);

// The checksum that belongs into `copy`.
Sha256Digest ChecksumOfCopy(ByteView copy);

// The part of a binary header that both copies share and that means something, with `sequence` in
// place of its own.
Bytes CommonBinaryHeader(ByteView copy, uint64_t sequence);

// The JSON text before its padding; padding other than NUL is refused. Faults: HEADER_NOT_ACCEPTED.
StatusOr<std::string_view> JsonText(ByteView copy);

// `copy` with this text and sequence number, as the primary or the secondary copy. The text must
// fit its area.
Bytes MakeCopy(ByteView copy, bool primary, std::string_view text, uint64_t sequence);

// Whether `torn`, which fails its checksum, is what a power cut can leave of an advance beside
// `whole`, whose text ParseLuksJson accepts: in each stretch of kAtomicWriteBytes it says what
// `whole` says, in a header format that an advance leaves beside it, but for the bytes that an
// advance changes (sequence, salt, checksum, counter, MAC).
bool IsTornFrom(ByteView torn, bool torn_is_primary, ByteView whole);

}  // namespace kedge
