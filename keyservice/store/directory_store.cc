#include "keyservice/store/directory_store.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "keyservice/store/conflict.h"
#include "keyservice/store/stored_file.h"

namespace kedge {
namespace {

constexpr std::string_view kTemporaryPrefix = ".new-";

Status SystemError(std::string_view what, std::string_view where) {
  const int error = errno;
  return MakeFault(StatusCode::kUnavailable, "STORE_IO", Advice::kRetry,
                   absl::StrCat(std::string(what), " ", std::string(where), ": ",
                                std::generic_category().message(error)));
}

Status Unsafe(const std::string& path, std::string_view why) {
  return MakeFault(StatusCode::kFailedPrecondition, "STORE_UNSAFE", Advice::kAskOperator,
                   absl::StrCat("store directory ", path, " is not used: ", std::string(why)));
}

Status WriteAll(int fd, ByteView bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError("write", name);
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

StatusOr<Bytes> ReadAll(int fd, std::string_view name) {
  Bytes out;
  uint8_t buffer[16 * 1024];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0) {
      if (errno == EINTR) continue;
      return SystemError("read", name);
    }
    if (count == 0) return out;
    out.insert(out.end(), buffer, buffer + count);
    // One byte more than a whole file: the parser then says what is wrong with it.
    if (out.size() > kMaxStoredFile) return out;
  }
}

Status SyncParent(const std::string& path) {
  std::string parent = path.substr(0, path.find_last_not_of('/') + 1);
  const size_t slash = parent.rfind('/');
  parent = slash == std::string::npos ? "." : parent.substr(0, std::max<size_t>(slash, 1));
  const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", parent);
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError("fsync", parent);
}

Status CheckDirectory(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return SystemError("stat", path);
  if (info.st_uid != geteuid()) return Unsafe(path, "it belongs to another user");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return Unsafe(path, "others may write to it");
  return absl::OkStatus();
}

// The names in the directory, without "." and "..".
StatusOr<std::vector<std::string>> Names(int directory) {
  const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", "the store directory");
  DIR* stream = fdopendir(fd);
  if (stream == nullptr) {
    const Status status = SystemError("list", "the store directory");
    close(fd);
    return status;
  }
  const auto close_stream = absl::MakeCleanup([stream] { closedir(stream); });
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return SystemError("list", "the store directory");
  return names;
}

}  // namespace

StatusOr<std::unique_ptr<DirectoryStore>> DirectoryStore::Open(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) {
    RETURN_IF_ERROR(SyncParent(path));
  } else if (errno != EEXIST) {
    return SystemError("make", path);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    return errno == ELOOP || errno == ENOTDIR ? Unsafe(path, "it is not a directory")
                                              : SystemError("open", path);
  }
  std::unique_ptr<DirectoryStore> store(new DirectoryStore(fd));
  RETURN_IF_ERROR(CheckDirectory(fd, path));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return MakeFault(StatusCode::kUnavailable, "STORE_LOCKED", Advice::kRetry,
                     absl::StrCat("another process holds the store directory ", path));
  }
  RETURN_IF_ERROR(store->RemoveLeftovers());
  return store;
}

DirectoryStore::~DirectoryStore() { close(directory_); }

// A process that died between creating and renaming leaves its temporary file behind.
Status DirectoryStore::RemoveLeftovers() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(directory_));
  for (const std::string& name : names) {
    if (!name.starts_with(kTemporaryPrefix)) continue;
    if (unlinkat(directory_, name.c_str(), 0) != 0) return SystemError("remove", name);
  }
  return absl::OkStatus();
}

StatusOr<std::optional<StoredValue>> DirectoryStore::Get(std::string_view key) {
  RETURN_IF_ERROR(CheckStoreKey(key));
  absl::MutexLock lock(&mutex_);
  return Read(key);
}

StatusOr<std::optional<StoredValue>> DirectoryStore::Read(std::string_view key) {
  const std::string name = StoredFileName(key);
  // O_NONBLOCK: a pipe put in a file's place must not hang the service.
  const int fd = openat(directory_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<StoredValue>();
    if (errno == ELOOP) return Unsafe(name, "it is a symbolic link");
    return SystemError("open", name);
  }
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  struct stat info {};
  if (fstat(fd, &info) != 0) return SystemError("stat", name);
  if (!S_ISREG(info.st_mode)) return Unsafe(name, "it is not a regular file");
  ASSIGN_OR_RETURN(const Bytes file, ReadAll(fd, name));
  ASSIGN_OR_RETURN(StoredValue value, ParseStoredFile(key, file));
  return std::optional<StoredValue>(std::move(value));
}

StatusOr<uint64_t> DirectoryStore::CompareAndSwap(std::string_view key, uint64_t expected,
                                                  ByteView value) {
  RETURN_IF_ERROR(CheckStoreKey(key));
  RETURN_IF_ERROR(CheckValueSize(key, value.size()));
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::optional<StoredValue> current, Read(key));
  const uint64_t revision = current ? current->revision : 0;
  if (revision != expected) return RevisionConflict(key, expected, revision);
  RETURN_IF_ERROR(Write(key, {.value = ToBytes(value), .revision = revision + 1}));
  return revision + 1;
}

Status DirectoryStore::Write(std::string_view key, const StoredValue& value) {
  const std::string name = StoredFileName(key);
  const std::string temporary =
      absl::StrCat(std::string(kTemporaryPrefix), getpid(), "-", next_temporary_++);
  const int fd = openat(directory_, temporary.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("make", temporary);
  auto remove_temporary = absl::MakeCleanup([&] { unlinkat(directory_, temporary.c_str(), 0); });
  {
    const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
    RETURN_IF_ERROR(WriteAll(fd, EncodeStoredFile(key, value), temporary));
    if (fsync(fd) != 0) return SystemError("fsync", temporary);
  }
  if (renameat(directory_, temporary.c_str(), directory_, name.c_str()) != 0) {
    return SystemError("rename to", name);
  }
  std::move(remove_temporary).Cancel();
  if (fsync(directory_) != 0) return SystemError("fsync", "the store directory");
  return absl::OkStatus();
}

StatusOr<std::vector<std::string>> DirectoryStore::List(std::string_view prefix) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(directory_));
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    std::optional<std::string> key = KeyOfStoredFileName(name);
    if (key && key->starts_with(prefix)) keys.push_back(*std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace kedge
