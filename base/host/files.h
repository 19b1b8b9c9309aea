// Bounded reads and atomic writes of small files. Blocking; safe from any thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// The whole of `path`, which may be a pseudo-file that reports no size. NOT_FOUND where it does not
// exist; RESOURCE_EXHAUSTED with fault FILE_TOO_LARGE beyond `max` bytes (at most max + 1 are
// read).
StatusOr<Bytes> ReadFileBounded(const std::string& path, size_t max);
// The same into locked memory; the file must not be empty.
StatusOr<SecretBytes> ReadSecretFile(const std::string& path, size_t max);
// The same from a descriptor that is open already, to its end; it stays open. `name` is for errors.
StatusOr<SecretBytes> ReadSecretDescriptor(int fd, const std::string& name, size_t max);

// Writes a new file beside `path`, syncs it, renames it over `path` and syncs the folder: after a
// power cut the old or the new content is there, whole. `mode` holds from the first moment.
Status WriteFileAtomically(const std::string& path, ByteView content, mode_t mode);
Status WriteSecretFileAtomically(const std::string& path, const SecretBytes& content, mode_t mode);

// The same for a file that must not exist yet: ALREADY_EXISTS, and what is there stays.
Status CreateFileAtomically(const std::string& path, ByteView content, mode_t mode);
Status CreateSecretFileAtomically(const std::string& path, const SecretBytes& content, mode_t mode);

// Makes `path` and its missing parents; folders that exist keep their mode.
Status MakeFolders(const std::string& path, mode_t mode);

}  // namespace kedge
