// A file system that behaves as the kernel's configfs-tsm does (Linux, fs/configfs/file.c and
// drivers/virt/coco/guest/report.c): attributes that come and go with the provider, blobs that are
// taken over at close and lose their errors there, a generation that counts writes, reports made at
// the first read and kept until the next write. FUSE in a mount namespace of the test's own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::testing {

// What an entry was told before it was read.
struct TsmAsked {
  Bytes inblob;
  unsigned privilege_level = 0;
  std::string service_provider;
  std::string service_guid;
  unsigned service_manifest_version = 0;
};
struct TsmMade {
  Bytes outblob;
  Bytes auxblob;
  Bytes manifestblob;
};

struct TsmMountOptions {
  std::string provider = "sev_guest";  // empty: none is registered
  bool knows_levels = true;            // privlevel, privlevel_floor
  unsigned privilege_floor = 0;
  bool has_auxblob = true;
  bool has_services = false;  // service_*, manifestblob: below an SVSM
  // Makes the report; 0 or an errno.
  std::function<int(const TsmAsked&, TsmMade&)> make;
  // Called before every operation ("mkdir", "rmdir", "open", "read", "write", "close") with the
  // attribute (empty for the folder's own); 0 or an errno that the operation then returns. May call
  // TouchAll.
  std::function<int(const std::string& operation, const std::string& attribute)> on_access;
  // Whether a close of the blob loses what was written, as the kernel does at -EBUSY.
  bool loses_blobs = false;
};

class TsmMount {
 public:
  // FAILED_PRECONDITION where this machine cannot mount FUSE (then skip, loudly).
  static StatusOr<std::unique_ptr<TsmMount>> Create(TsmMountOptions options);
  ~TsmMount();
  TsmMount(const TsmMount&) = delete;
  TsmMount& operator=(const TsmMount&) = delete;

  const std::string& folder() const { return folder_; }
  size_t entries() const;  // that exist now
  size_t made() const;     // reports, in all
  // As if somebody else wrote to every entry. Only from on_access.
  void TouchAll();

 private:
  struct Impl;
  TsmMount(std::string folder, std::unique_ptr<Impl> impl);
  std::string folder_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kedge::testing
