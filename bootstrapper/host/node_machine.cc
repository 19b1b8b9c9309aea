#include "bootstrapper/host/node_machine.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/host/files.h"
#include "bootstrapper/core/smbios.h"
#include "proto/wire/invitation.h"

namespace kedge {
namespace {

// OEM strings of more structures than any firmware makes are not looked at.
constexpr int kMaxOemStructures = 16;
constexpr absl::Duration kUnitTimeout = absl::Seconds(90);
constexpr char kNetworkd[] = "systemd-networkd.service";

}  // namespace

StatusOr<Bytes> NodeMachine::ReadInvitation() {
  StatusOr<Bytes> file = ReadFileBounded(sources_.fw_cfg, kMaxInvitationSize);
  if (file.ok() || !absl::IsNotFound(file.status())) return file;
  for (int i = 0; i < kMaxOemStructures; ++i) {
    const std::string path = absl::StrCat(sources_.dmi_entries, "/11-", i, "/raw");
    StatusOr<Bytes> structure = ReadFileBounded(path, kMaxSmbiosStructure);
    if (absl::IsNotFound(structure.status())) break;
    RETURN_IF_ERROR(structure.status());
    ASSIGN_OR_RETURN(std::optional<Bytes> invitation, InvitationInOemStrings(*structure));
    if (invitation && invitation->size() <= kMaxInvitationSize) return *std::move(invitation);
  }
  return MakeFault(
      StatusCode::kNotFound, "NO_INVITATION", Advice::kAskOperator,
      absl::StrCat("no invitation at ", sources_.fw_cfg, " nor in the OEM strings under ",
                   sources_.dmi_entries, ": hand one in from the host"));
}

StatusOr<Invitation> NodeMachine::VerifyInvitation(ByteView bytes) {
  ASSIGN_OR_RETURN(wire::OpenedInvitation opened, wire::OpenInvitation(bytes));
  wire::Invitation& from = opened.invitation;
  return Invitation{.node = std::move(from.node),
                    .role = std::move(from.role),
                    .cluster_id = std::move(from.cluster_id),
                    .service_key_spki = std::move(from.service_key_spki),
                    .endpoints = std::move(from.endpoints),
                    .address = std::move(from.address),
                    .gateway = std::move(from.gateway),
                    .issue_time = from.issue_time,
                    .minimum_generation = from.minimum_generation};
}

StatusOr<std::string> NodeMachine::BootId() {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadFileBounded(boot_id_path_, 64));
  const std::string_view text = AsText(bytes);
  return std::string(absl::StripAsciiWhitespace({text.data(), text.size()}));
}

StatusOr<std::string> RootFolder::MakePath(const std::string& name) const {
  // The folder itself may be entered by the key service's own user; what is in it is for root.
  RETURN_IF_ERROR(MakeFolders(path_, 0755));
  if (const size_t slash = name.find('/'); slash != std::string::npos) {
    RETURN_IF_ERROR(MakeFolders(absl::StrCat(path_, "/", name.substr(0, slash)), 0700));
  }
  return absl::StrCat(path_, "/", name);
}

StatusOr<std::optional<Bytes>> RootFolder::Read(const std::string& name, size_t max) {
  StatusOr<Bytes> content = ReadFileBounded(absl::StrCat(path_, "/", name), max);
  if (absl::IsNotFound(content.status())) return std::nullopt;
  RETURN_IF_ERROR(content.status());
  return *std::move(content);
}

Status RootFolder::Write(const std::string& name, ByteView content) {
  ASSIGN_OR_RETURN(const std::string path, MakePath(name));
  return WriteFileAtomically(path, content, 0600);
}

Status RootFolder::WriteSecret(const std::string& name, const SecretBytes& content) {
  ASSIGN_OR_RETURN(const std::string path, MakePath(name));
  return WriteSecretFileAtomically(path, content, 0600);
}

StatusOr<bool> MountedFolder::Mounted() {
  struct statx info {};
  if (statx(AT_FDCWD, mount_point_.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &info) != 0) {
    if (errno == ENOENT) return false;
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", mount_point_));
  }
  if ((info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0) {
    return Internal(
        "this kernel does not tell what a mount point is: Linux 5.8 or later is needed");
  }
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Status MountedFolder::ExpectMounted() {
  ASSIGN_OR_RETURN(const bool mounted, Mounted());
  if (mounted) return absl::OkStatus();
  return FailedPrecondition(absl::StrCat("nothing is mounted at ", mount_point_));
}

StatusOr<std::optional<Bytes>> MountedFolder::Read(const std::string& name, size_t max) {
  RETURN_IF_ERROR(ExpectMounted());
  return folder_.Read(name, max);
}

Status MountedFolder::Write(const std::string& name, ByteView content) {
  RETURN_IF_ERROR(ExpectMounted());
  return folder_.Write(name, content);
}

Status MountedFolder::WriteSecret(const std::string& name, const SecretBytes& content) {
  RETURN_IF_ERROR(ExpectMounted());
  return folder_.WriteSecret(name, content);
}

Status NetworkdNetwork::Configure(const std::string& network_file) {
  RETURN_IF_ERROR(MakeFolders(folder_, 0755));
  // Readable for networkd's own user; before any file of the image, which sort later.
  RETURN_IF_ERROR(
      WriteFileAtomically(absl::StrCat(folder_, "/10-kedge.network"), AsBytes(network_file), 0644));
  // It may already run without this file.
  return units_.Restart(kNetworkd, kUnitTimeout);
}

Status SystemdUnits::Start(const std::string& unit) { return units_.Start(unit, kUnitTimeout); }

}  // namespace kedge
