#include "keyservice/server/testing/control_plane.h"

#include <absl/strings/str_cat.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kedge::testing {
namespace {

void WriteFile(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

bool ControlPlane::HostAllows() {
  static const bool own_mounts =
      unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return own_mounts && keyservice::KernelKeyring(MakeSeedKeyName()).Load().ok();
}

std::string ControlPlane::MakeSeedKeyName() {
  static int made = 0;
  return absl::StrCat("kedge-test:process-", getpid(), "-", ++made);
}

StatusOr<std::unique_ptr<ControlPlane>> ControlPlane::Make() {
  std::unique_ptr<ControlPlane> made(new ControlPlane());
  for (const char* name : {"run", "mount", "disk"}) {
    std::filesystem::create_directory(made->Path(name));
  }
  ASSIGN_OR_RETURN(made->node_, SwtpmNode::Start(made->Path("run/measurements.json")));
  return made;
}

ControlPlane::~ControlPlane() {
  process_.reset();
  UnmountDisk();
  keyring_.Revoke().IgnoreError();
}

Status ControlPlane::Boot(std::string_view disk_content, std::string_view invitation,
                          std::string_view image) {
  process_.reset();
  UnmountDisk();
  RETURN_IF_ERROR(keyring_.Revoke());
  std::filesystem::remove_all(Path("run"));
  std::filesystem::create_directory(Path("run"));
  WriteFile(Path("run/invitation"), invitation);
  WriteFile(Path("run/disk-content"), disk_content);
  RETURN_IF_ERROR(node_->Boot(image));
  return node_->Measure(InitDataEvent(AsBytes(invitation)));
}

Status ControlPlane::StartService(const std::string& stage) {
  node_->Release();  // the TPM is the service's now
  process_.reset();
  ASSIGN_OR_RETURN(process_,
                   ServiceProcess::Start({"--stage=" + stage, "--tcti=" + node_->swtpm().tcti(),
                                          "--run-dir=" + Path("run"), "--mount=" + Path("mount"),
                                          "--console=/dev/null", "--seed-key=" + seed_key_},
                                         folder_.path()));
  return absl::OkStatus();
}

Status ControlPlane::MeasureClusterId(const ClusterId& cluster_id) {
  RETURN_IF_ERROR(process_->Stop().status());
  RETURN_IF_ERROR(node_->Measure(ClusterIdEvent(cluster_id)));
  return StartService("initrd");
}

Status ControlPlane::MountDisk() {
  if (mount(Path("disk").c_str(), Path("mount").c_str(), nullptr, MS_BIND, nullptr) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "cannot mount the state disk");
}

void ControlPlane::WipeDisk() {
  UnmountDisk();
  std::filesystem::remove_all(Path("disk"));
  std::filesystem::create_directory(Path("disk"));
}

void ControlPlane::UnmountDisk() { umount2(Path("mount").c_str(), MNT_DETACH); }

std::string ControlPlane::Output() const {
  std::stringstream text;
  text << std::ifstream(Path("output")).rdbuf();
  return text.str();
}

}  // namespace kedge::testing
