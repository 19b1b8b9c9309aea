// The info strings of the cluster's key derivation, profile kedge-v1 (docs/FORMATS.md): every
// purpose has a label of its own, and every field is length-prefixed, so that no two derivations
// ever share an input (S15).
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace kedge {

// lp("kedge/1 kdf " + label) and then lp of each field. Integers are passed as U32Be(v), U64Be(v).
Bytes KdfInfo(std::string_view label, std::initializer_list<ByteView> fields = {});

}  // namespace kedge
