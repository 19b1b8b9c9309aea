#include "attestation/issue/tsm_entry.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace kedge {
namespace {

constexpr int kNameAttempts = 8;
constexpr size_t kNameBytes = 8;
constexpr size_t kMaxText = 4096;  // a page: what the kernel shows of a text attribute
constexpr int kRemoveAttempts = 5;

std::string Because(int error) { return absl::StrCat(": ", std::strerror(error)); }

// What an error of a file of an entry means (Linux, drivers/virt/coco/guest/report.c and the
// providers behind it).
Status FromErrno(int error, const std::string& what) {
  switch (error) {
    case EBUSY:      // a quote is on its way, or attributes were written too often unread
    case EAGAIN:     // the report is being made
    case EINTR:      // interrupted on the way to the quoting service
    case ETIMEDOUT:  // the host or the firmware did not answer
      return MakeFault(StatusCode::kUnavailable, "TSM_BUSY", Advice::kRetry,
                       absl::StrCat(what, Because(error), "; try again"));
    case ENXIO:
      return MakeFault(StatusCode::kFailedPrecondition, "TSM_NOT_AVAILABLE", Advice::kAskOperator,
                       absl::StrCat(what, Because(error),
                                    "; no driver provides reports: load sev-guest or tdx-guest"));
    case ENOENT:
      return MakeFault(StatusCode::kFailedPrecondition, "TSM_UNSUPPORTED", Advice::kAskOperator,
                       absl::StrCat(what, Because(error),
                                    "; the driver behind configfs-tsm does not offer this"));
    case EACCES:
    case EPERM:
      return MakeFault(StatusCode::kPermissionDenied, "TSM_NOT_AVAILABLE", Advice::kAskOperator,
                       absl::StrCat(what, Because(error), "; run as root"));
    default:
      return MakeFault(StatusCode::kFailedPrecondition, "TSM_REFUSED", Advice::kAskOperator,
                       absl::StrCat(what, Because(error),
                                    "; see the kernel log for what the firmware or host said"));
  }
}

Status CannotMake(int error, const std::string& folder) {
  if (error == ENOENT) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_NOT_AVAILABLE", Advice::kAskOperator,
                     absl::StrCat("there is no ", folder,
                                  "; it takes Linux 6.7 with CONFIG_TSM_REPORTS, configfs mounted "
                                  "on /sys/kernel/config, and sev-guest or tdx-guest loaded"));
  }
  return FromErrno(error, absl::StrCat("cannot make an entry in ", folder));
}

}  // namespace

StatusOr<TsmEntry> TsmEntry::Make(const std::string& folder, Random& random) {
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    ByteArray<kNameBytes> name{};
    RETURN_IF_ERROR(random.Fill(name));
    std::string path = absl::StrCat(folder, "/kedge-", getpid(), "-", ToHex(name));
    if (mkdir(path.c_str(), 0700) == 0) return TsmEntry(std::move(path));
    if (errno != EEXIST) return CannotMake(errno, folder);
  }
  return MakeFault(StatusCode::kUnavailable, "TSM_BUSY", Advice::kRetry,
                   absl::StrCat("every name tried for an entry in ", folder,
                                " is taken; remove what is left over there"));
}

TsmEntry::TsmEntry(TsmEntry&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TsmEntry::~TsmEntry() { Remove().IgnoreError(); }

Status TsmEntry::Remove() {
  if (path_.empty()) return absl::OkStatus();
  const std::string path = std::exchange(path_, {});
  for (int attempt = 1; rmdir(path.c_str()) != 0; ++attempt) {
    if ((errno == EINTR || errno == EBUSY || errno == EAGAIN) && attempt < kRemoveAttempts)
      continue;
    return Internal(absl::StrCat("cannot remove the report entry ", path, Because(errno),
                                 "; remove it with rmdir"));
  }
  return absl::OkStatus();
}

bool TsmEntry::Has(const std::string& attribute) const {
  return access(PathOf(attribute).c_str(), F_OK) == 0;
}

StatusOr<Bytes> TsmEntry::ReadBlob(const std::string& attribute, size_t max) const {
  const std::string path = PathOf(attribute);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat("cannot open ", path));
  const absl::Cleanup closer = [fd] { close(fd); };
  Bytes out(max + 1);
  size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = read(fd, out.data() + size, out.size() - size);
    if (got < 0) return FromErrno(errno, absl::StrCat("cannot read ", path));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max) {
    return MakeFault(StatusCode::kResourceExhausted, "FILE_TOO_LARGE", Advice::kAskOperator,
                     absl::StrCat(path, " is larger than the ", max, " bytes allowed for it"));
  }
  out.resize(size);
  return out;
}

StatusOr<std::string> TsmEntry::ReadText(const std::string& attribute) const {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadBlob(attribute, kMaxText));
  std::string_view text = AsText(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

StatusOr<uint64_t> TsmEntry::ReadNumber(const std::string& attribute) const {
  ASSIGN_OR_RETURN(const std::string text, ReadText(attribute));
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return Malformed(absl::StrCat(PathOf(attribute), " holds '", text, "', expected a number"));
  }
  return number;
}

Status TsmEntry::Write(const std::string& attribute, ByteView value) const {
  const std::string path = PathOf(attribute);
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat("cannot open ", path));
  const absl::Cleanup closer = [fd] { close(fd); };
  const ssize_t written = write(fd, value.data(), value.size());
  if (written < 0) return FromErrno(errno, absl::StrCat("cannot write ", path));
  if (static_cast<size_t>(written) != value.size()) {
    return FromErrno(
        EIO, absl::StrCat("only ", written, " of ", value.size(), " bytes were taken by ", path));
  }
  return absl::OkStatus();
}

}  // namespace kedge
