// One libcryptsetup context over a header in memory and the state disk's data area.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "storage/core/luks_json.h"

struct crypt_device;

namespace kedge {

// Process-wide settings of libcryptsetup: no token plugins, no lock files (headers are private
// memory here), no lines on stdout.
void SetUpCryptsetup();

// Used by one thread, the one that made it. The volume key never leaves libcryptsetup and dm-crypt;
// after an activation only dm-crypt has it.
class CryptVolume {
 public:
  // Makes a new header in the memory at `header_path` and a new integrity area with a journal of
  // about `journal_bytes` (0: as dm-integrity chooses) on `disk_path`. Destroys the disk's content.
  static StatusOr<CryptVolume> Create(const std::string& header_path, const std::string& disk_path,
                                      uint64_t journal_bytes, const SecretBytes& keyslot_key);
  // Loads the header at `header_path`, which has passed its MAC.
  static StatusOr<CryptVolume> Load(const std::string& header_path, const std::string& disk_path);

  CryptVolume(CryptVolume&&) noexcept;
  CryptVolume& operator=(CryptVolume&&) noexcept;
  ~CryptVolume();

  // Maps the volume without its journal, for the wipe only. After Create.
  Status ActivateForWipe(const std::string& mapping);
  // Writes zeros, and so tags, to the first `bytes` of the mapped device and flushes; `progress`
  // gets 0..100.
  Status Wipe(const std::string& mapping, uint64_t bytes, const std::function<void(int)>& progress);
  // Maps the volume with its journal. Faults: WRONG_KEY.
  Status Activate(const std::string& mapping, const SecretBytes& keyslot_key);

  Status SetToken(const HeaderToken& token);

 private:
  struct Context;
  explicit CryptVolume(std::unique_ptr<Context> context);
  static StatusOr<CryptVolume> Init(const std::string& header_path, const std::string* disk_path);
  // libcryptsetup's result, with the last line it logged.
  Status Check(int result, const std::string& what) const;

  std::unique_ptr<Context> context_;
};

}  // namespace kedge
