// The bytes of one file of a DirectoryStore (docs/FORMATS.md, "Store directory"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "keyservice/core/store.h"

namespace kedge {

// lp("kedge/1 stored value") lp(key) lp(u64 revision) lp(value) lp(SHA-256 of all before).
Bytes EncodeStoredFile(std::string_view key, const StoredValue& value);
// DATA_LOSS with fault STORE_CORRUPT where the bytes are not a whole file for `key`.
StatusOr<StoredValue> ParseStoredFile(std::string_view key, ByteView file);
inline constexpr size_t kMaxStoredFile = kMaxStoredValue + 512;

// A key's file name: '/' written as '@', which no key holds. nullopt: not the name of a key.
std::string StoredFileName(std::string_view key);
std::optional<std::string> KeyOfStoredFileName(std::string_view name);

}  // namespace kedge
