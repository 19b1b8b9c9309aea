#include "base/host/files.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace kedge {
namespace {

constexpr size_t kReadChunk = 4096;

Status FromErrno(int error, std::string_view what) {
  return absl::ErrnoToStatus(error, absl::string_view(what.data(), what.size()));
}

Status TooLarge(const std::string& path, size_t max) {
  return MakeFault(StatusCode::kResourceExhausted, "FILE_TOO_LARGE", Advice::kAskOperator,
                   absl::StrCat(path, " is larger than the ", max, " bytes allowed for it"));
}

StatusOr<int> OpenForReading(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return FromErrno(errno, absl::StrCat("cannot open ", path));
  return fd;
}

// Reads to the end of the file in chunks, at most max + 1 bytes in all. `append` gets each chunk.
template <typename Append>
Status ReadChunks(int fd, const std::string& path, size_t max, std::span<uint8_t> chunk,
                  Append append) {
  size_t total = 0;
  while (total <= max) {
    const size_t wanted = std::min(chunk.size(), max + 1 - total);
    const ssize_t got = read(fd, chunk.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, absl::StrCat("cannot read ", path));
    if (got == 0) return absl::OkStatus();
    total += static_cast<size_t>(got);
    if (total > max) break;
    RETURN_IF_ERROR(append(ByteView(chunk.data(), static_cast<size_t>(got))));
  }
  return TooLarge(path, max);
}

Status WriteAll(int fd, ByteView content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno(errno, absl::StrCat("cannot write ", path));
    content = content.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat("cannot open folder ", folder));
  const absl::Cleanup closer = [fd] { close(fd); };
  if (fsync(fd) != 0) return FromErrno(errno, absl::StrCat("cannot sync folder ", folder));
  return absl::OkStatus();
}

// Writes a synced file beside `path` and lets `place(temporary)` give it its name: 0, or -1 with
// errno.
template <typename Place>
Status PutFile(const std::string& path, ByteView content, mode_t mode, Place place) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // created 0600
  if (fd < 0) return FromErrno(errno, absl::StrCat("cannot make a file beside ", path));
  const absl::Cleanup closer = [fd] { close(fd); };
  absl::Cleanup remover = [&temporary] { unlink(temporary.c_str()); };
  RETURN_IF_ERROR(WriteAll(fd, content, temporary));
  if (fchmod(fd, mode) != 0) return FromErrno(errno, absl::StrCat("cannot set mode of ", path));
  if (fsync(fd) != 0) return FromErrno(errno, absl::StrCat("cannot sync ", temporary));
  if (place(temporary.c_str()) != 0) return FromErrno(errno, absl::StrCat("cannot make ", path));
  std::move(remover).Cancel();
  return SyncFolder(FolderOf(path));
}

}  // namespace

StatusOr<Bytes> ReadFileBounded(const std::string& path, size_t max) {
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path));
  const absl::Cleanup closer = [fd] { close(fd); };
  Bytes out;
  ByteArray<kReadChunk> chunk{};
  RETURN_IF_ERROR(ReadChunks(fd, path, max, chunk, [&out](ByteView part) {
    out.insert(out.end(), part.begin(), part.end());
    return absl::OkStatus();
  }));
  return out;
}

StatusOr<SecretBytes> ReadSecretFile(const std::string& path, size_t max) {
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path));
  const absl::Cleanup closer = [fd] { close(fd); };
  return ReadSecretDescriptor(fd, path, max);
}

StatusOr<SecretBytes> ReadSecretDescriptor(int fd, const std::string& name, size_t max) {
  // Chunks pass only through locked memory as well.
  ASSIGN_OR_RETURN(SecretBytes buffer, SecretBytes::Create(max));
  ASSIGN_OR_RETURN(SecretBytes chunk, SecretBytes::Create(kReadChunk));
  size_t size = 0;
  RETURN_IF_ERROR(chunk.RevealMutable([&](std::span<uint8_t> window) {
    return ReadChunks(fd, name, max, window, [&](ByteView part) {
      buffer.RevealMutable([&](std::span<uint8_t> all) {
        std::copy(part.begin(), part.end(), all.begin() + static_cast<ptrdiff_t>(size));
      });
      size += part.size();
      return absl::OkStatus();
    });
  }));
  if (size == 0) return FailedPrecondition(absl::StrCat(name, " is empty"));
  return buffer.Reveal([size](ByteView all) { return SecretBytes::CopyOf(all.first(size)); });
}

Status WriteFileAtomically(const std::string& path, ByteView content, mode_t mode) {
  return PutFile(path, content, mode,
                 [&path](const char* temporary) { return rename(temporary, path.c_str()); });
}

Status CreateFileAtomically(const std::string& path, ByteView content, mode_t mode) {
  // link(2), unlike rename(2), never replaces what is there.
  return PutFile(path, content, mode, [&path](const char* temporary) {
    const int linked = link(temporary, path.c_str());
    const int error = errno;
    unlink(temporary);
    errno = error;
    return linked;
  });
}

Status CreateSecretFileAtomically(const std::string& path, const SecretBytes& content,
                                  mode_t mode) {
  return content.Reveal([&](ByteView bytes) { return CreateFileAtomically(path, bytes, mode); });
}

Status WriteSecretFileAtomically(const std::string& path, const SecretBytes& content, mode_t mode) {
  return content.Reveal([&](ByteView bytes) { return WriteFileAtomically(path, bytes, mode); });
}

Status MakeFolders(const std::string& path, mode_t mode) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      return FromErrno(errno, absl::StrCat("cannot make folder ", part));
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

}  // namespace kedge
