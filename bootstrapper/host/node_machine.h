// The machine around the node: invitation, boot id, folders, network, passing time.
#pragma once

#include <string>
#include <vector>

#include "base/host/unit_manager.h"
#include "bootstrapper/core/ports.h"

namespace kedge {

struct InvitationSources {
  // Tried first: a fw_cfg file (qemu_fw_cfg module).
  std::string fw_cfg = "/sys/firmware/qemu_fw_cfg/by_name/opt/kedge/invitation/raw";
  // Then the OEM strings: folders 11-0, 11-1, … with a file `raw` each (dmi-sysfs module).
  std::string dmi_entries = "/sys/firmware/dmi/entries";
};

class NodeMachine final : public Machine {
 public:
  explicit NodeMachine(InvitationSources sources,
                       std::string boot_id_path = "/proc/sys/kernel/random/boot_id")
      : sources_(std::move(sources)), boot_id_path_(std::move(boot_id_path)) {}

  StatusOr<Bytes> ReadInvitation() override;
  StatusOr<Invitation> VerifyInvitation(ByteView bytes) override;
  StatusOr<std::string> BootId() override;

 private:
  const InvitationSources sources_;
  const std::string boot_id_path_;
};

// Files of mode 0600, and folders of mode 0700, in `path`, which is made (0755) at the first write.
class RootFolder : public Folder {
 public:
  explicit RootFolder(std::string path) : path_(std::move(path)) {}

  StatusOr<std::optional<Bytes>> Read(const std::string& name, size_t max) override;
  Status Write(const std::string& name, ByteView content) override;
  Status WriteSecret(const std::string& name, const SecretBytes& content) override;

 private:
  StatusOr<std::string> MakePath(const std::string& name) const;

  const std::string path_;
};

// The same under a mount point, and only while something is mounted there: nothing meant for the
// encrypted disk ever lands beside it.
class MountedFolder final : public StateFolder {
 public:
  explicit MountedFolder(std::string mount_point)
      : mount_point_(std::move(mount_point)), folder_(mount_point_) {}

  StatusOr<bool> Mounted() override;
  StatusOr<std::optional<Bytes>> Read(const std::string& name, size_t max) override;
  Status Write(const std::string& name, ByteView content) override;
  Status WriteSecret(const std::string& name, const SecretBytes& content) override;

 private:
  Status ExpectMounted();

  const std::string mount_point_;
  RootFolder folder_;
};

class NetworkdNetwork final : public Network {
 public:
  NetworkdNetwork(UnitManager units, std::string folder = "/run/systemd/network")
      : units_(std::move(units)), folder_(std::move(folder)) {}
  Status Configure(const std::string& network_file) override;

 private:
  UnitManager units_;
  const std::string folder_;
};

class SystemdUnits final : public UnitStarter {
 public:
  explicit SystemdUnits(UnitManager units) : units_(std::move(units)) {}
  Status Start(const std::string& unit) override;

 private:
  UnitManager units_;
};

}  // namespace kedge
