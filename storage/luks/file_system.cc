#include "storage/luks/file_system.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/host/files.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

// Both output streams of the child go to `output`. Returns the wait status.
StatusOr<int> RunProgram(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Internal("cannot run " + words[0] + ", error " + std::to_string(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waiting for " + words[0]);
  }
  return status;
}

std::string LastWords(int output) {
  constexpr off_t kMost = 300;
  std::array<char, kMost> text{};
  const off_t size = lseek(output, 0, SEEK_END);
  const ssize_t got = pread(output, text.data(), text.size(), size > kMost ? size - kMost : 0);
  return got > 0 ? std::string(text.data(), static_cast<size_t>(got)) : "no output";
}

}  // namespace

Status MakeExt4(const std::vector<std::string>& programs, const std::string& device,
                uint64_t final_bytes) {
  // In MiB. It cannot grow with the file system; the least is what a small one has room for.
  constexpr uint64_t kSmall = uint64_t{128} << 20;
  const std::string journal = final_bytes < kSmall ? "size=4" : "size=8";
  for (const std::string& program : programs) {
    if (access(program.c_str(), X_OK) != 0) continue;
    const UniqueFd output(memfd_create("mkfs-output", MFD_CLOEXEC));
    if (!output.ok()) return ErrnoStatus(errno, "memory for the output of " + program);
    // Inode tables are written now, in the open, instead of later by a kernel thread; the journal
    // is zero already. 8,192 inodes are what the first of a file system's 128 MiB groups gets, and
    // so all others: one for every 16 KiB.
    ASSIGN_OR_RETURN(const int status,
                     RunProgram({program, "-q", "-F", "-b", "4096", "-m", "0", "-L", "kedge-state",
                                 "-N", "8192", "-J", journal, "-O", "^resize_inode,meta_bg", "-E",
                                 "nodiscard,lazy_itable_init=0,lazy_journal_init=1", device},
                                output.get()));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status();
    return Internal(program + " failed on the state disk: " + LastWords(output.get()));
  }
  return Internal("no mkfs.ext4 found; install e2fsprogs");
}

Status MountExt4(const std::string& device, const std::string& mount_point, MountAccess access) {
  RETURN_IF_ERROR(MakeFolders(mount_point, 0755));
  unsigned long flags = MS_NOSUID | MS_NODEV;
  if (access == MountAccess::kReadOnly) flags |= MS_RDONLY;
  if (mount(device.c_str(), mount_point.c_str(), "ext4", flags, nullptr) == 0) {
    return Status();
  }
  const int error = errno;
  switch (error) {
    case EINVAL:   // no superblock
    case EIO:      // a block with a wrong tag
    case EILSEQ:   // the same, seen by direct reads
    case EUCLEAN:  // a damaged structure
    case EBADMSG:  // a wrong checksum
      return Annotate(Refused("MARKER_MISSING",
                              "no whole ext4 on the opened state disk: an unfinished format or "
                              "damaged data; the disk was left as it is"),
                      ErrnoStatus(error, "mount").ToString());
    case ENODEV:
      return Internal("the kernel has no ext4; load the module");
    default:
      return ErrnoStatus(error, "mount of the state disk at " + mount_point);
  }
}

Status Unmount(const std::string& mount_point) {
  // EINVAL: not a mount point. ENOENT: no such folder.
  if (umount2(mount_point.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) {
    return Status();
  }
  return ErrnoStatus(errno, "unmount of " + mount_point);
}

}  // namespace kedge
