// A control plane as its key service sees it: a machine with a software TPM, /run, a state disk, a
// place in the kernel's keyring, and the real kedge-keyservice.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "keyservice/server/kernel_keyring.h"
#include "keyservice/server/testing/service_process.h"
#include "keyservice/server/testing/swtpm_node.h"
#include "keyservice/store/testing/temporary_directory.h"

namespace kedge::testing {

class ControlPlane {
 public:
  // False where the host lacks what this needs: root (for mounts in a mount namespace of the test's
  // own, which this process enters) and the kernel's keyring.
  static bool HostAllows();

  static StatusOr<std::unique_ptr<ControlPlane>> Make();
  // The machine goes off, and nothing is left behind.
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // A power cut if it was on; then power on, up to where kedge-measure.service has run. The disk
  // shows `disk_content`: "blank", "luks2", "foreign". `image`: what firmware measures.
  Status Boot(std::string_view disk_content, std::string_view invitation,
              std::string_view image = "kedge-test");
  // kedge-keyservice, as the unit of this stage starts it; the one before has ended or is killed.
  Status StartService(const std::string& stage);
  // The bootstrapper measures its cluster's id, as it does once the service has a seed. The service
  // is started again for that: this TPM serves one program at a time.
  Status MeasureClusterId(const ClusterId& cluster_id);
  // The bootstrapper has opened the disk and mounted it.
  Status MountDisk();
  // Everything on the disk is gone.
  void WipeDisk();

  ServiceProcess& service() { return *process_; }
  SwtpmNode& machine() { return *node_; }
  keyservice::KernelKeyring& keyring() { return keyring_; }
  const std::string& seed_key() const { return seed_key_; }
  const std::string& folder() const { return folder_.path(); }
  // What the program printed.
  std::string Output() const;

 private:
  ControlPlane() = default;
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void UnmountDisk();

  const TemporaryDirectory folder_;
  const std::string seed_key_ = MakeSeedKeyName();
  static std::string MakeSeedKeyName();
  keyservice::KernelKeyring keyring_{seed_key_};
  std::unique_ptr<SwtpmNode> node_;
  std::unique_ptr<ServiceProcess> process_;
};

}  // namespace kedge::testing
