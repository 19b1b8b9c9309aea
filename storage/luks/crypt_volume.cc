#include "storage/luks/crypt_volume.h"

#include <fcntl.h>
#include <libcryptsetup.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "storage/core/luks_layout.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

constexpr size_t kWipeBlockBytes = size_t{1} << 20;

void IgnoreLog(int, const char*, void*) {}

void KeepError(int level, const char* message, void* last_error) {
  if (level != CRYPT_LOG_ERROR) return;
  auto& text = *static_cast<std::string*>(last_error);
  text = message;
  while (text.ends_with('\n')) text.pop_back();
}

// The passphrase has full entropy, so the least work that libcryptsetup accepts is right.
crypt_pbkdf_type KeyslotPbkdf() {
  crypt_pbkdf_type pbkdf{};
  pbkdf.type = CRYPT_KDF_PBKDF2;
  pbkdf.hash = "sha256";
  pbkdf.iterations = 1000;
  pbkdf.flags = CRYPT_PBKDF_NO_BENCHMARK;
  return pbkdf;
}

// libcryptsetup hands the volume key to dm-crypt through the thread's keyring and leaves it there.
// A file that the kernel opened meanwhile can hold that keyring beyond the thread's end, so the key
// is destroyed by name; dm-crypt keeps its own copy.
Status DestroyKeyringKey(const std::string& uuid) {
  const std::string description = "cryptsetup:" + uuid + "-d0";
  const long key =
      syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_THREAD_KEYRING, "logon", description.c_str(), 0);
  if (key < 0 || syscall(SYS_keyctl, KEYCTL_INVALIDATE, key) != 0) {
    return ErrnoStatus(errno, "removal of the volume key from the kernel keyring");
  }
  return Status();
}

int ReportProgress(uint64_t size, uint64_t offset, void* user) {
  const auto& progress = *static_cast<const std::function<void(int)>*>(user);
  if (size > 0) progress(static_cast<int>(offset * 100 / size));
  return 0;
}

// Calls `use(const char*, size_t)`, libcryptsetup's form of a passphrase.
template <typename Use>
int WithPassphrase(const SecretBytes& key, Use&& use) {
  return key.Reveal([&use](ByteView bytes) {
    return use(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
}

}  // namespace

void SetUpCryptsetup() {
  crypt_set_log_callback(nullptr, IgnoreLog, nullptr);
  crypt_token_external_disable();
  crypt_metadata_locking(nullptr, 0);
}

struct CryptVolume::Context {
  crypt_device* device = nullptr;
  std::string last_error;

  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { crypt_free(device); }  // wipes the volume key
};

CryptVolume::CryptVolume(std::unique_ptr<Context> context) : context_(std::move(context)) {}
CryptVolume::CryptVolume(CryptVolume&&) noexcept = default;
CryptVolume& CryptVolume::operator=(CryptVolume&&) noexcept = default;
CryptVolume::~CryptVolume() = default;

Status CryptVolume::Check(int result, const std::string& what) const {
  if (result >= 0) return Status();
  std::string text = "libcryptsetup: " + what;
  if (!context_->last_error.empty()) text += " (" + context_->last_error + ")";
  return ErrnoStatus(-result, text);
}

StatusOr<CryptVolume> CryptVolume::Init(const std::string& header_path,
                                        const std::string* disk_path) {
  CryptVolume volume(std::make_unique<Context>());
  crypt_device** device = &volume.context_->device;
  RETURN_IF_ERROR(
      volume.Check(disk_path == nullptr
                       ? crypt_init(device, header_path.c_str())
                       : crypt_init_data_device(device, header_path.c_str(), disk_path->c_str()),
                   "no context"));
  crypt_set_log_callback(*device, KeepError, &volume.context_->last_error);
  return volume;
}

StatusOr<CryptVolume> CryptVolume::Create(const std::string& header_path,
                                          const std::string& disk_path, uint64_t journal_bytes,
                                          const SecretBytes& keyslot_key) {
  ASSIGN_OR_RETURN(CryptVolume volume, Init(header_path, nullptr));
  crypt_device* device = volume.context_->device;
  crypt_set_rng_type(device, CRYPT_RNG_URANDOM);
  RETURN_IF_ERROR(volume.Check(
      crypt_set_data_offset(device, kLuksDataOffset / kDeviceMapperSectorBytes), "data offset"));
  RETURN_IF_ERROR(volume.Check(
      crypt_set_metadata_size(device, kLuksCopyBytes, kLuksDataOffset - kLuksCopiesBytes),
      "metadata size"));
  const crypt_pbkdf_type pbkdf = KeyslotPbkdf();
  crypt_params_integrity integrity{};
  integrity.journal_size = journal_bytes;
  crypt_params_luks2 params{};
  params.pbkdf = &pbkdf;
  params.integrity = "hmac(sha256)";
  params.integrity_params = &integrity;
  params.data_device = disk_path.c_str();
  params.sector_size = kLuksSectorBytes;
  RETURN_IF_ERROR(volume.Check(crypt_format(device, CRYPT_LUKS2, "aes", "xts-plain64", nullptr,
                                            nullptr, kLuksVolumeKeyBytes, &params),
                               "format"));
  const int slot = WithPassphrase(keyslot_key, [device](const char* text, size_t size) {
    return crypt_keyslot_add_by_volume_key(device, 0, nullptr, 0, text, size);
  });
  RETURN_IF_ERROR(volume.Check(slot, "keyslot"));
  return volume;
}

StatusOr<CryptVolume> CryptVolume::Load(const std::string& header_path,
                                        const std::string& disk_path) {
  ASSIGN_OR_RETURN(CryptVolume volume, Init(header_path, &disk_path));
  RETURN_IF_ERROR(volume.Check(crypt_load(volume.context_->device, CRYPT_LUKS2, nullptr),
                               "load of the header"));
  return volume;
}

Status CryptVolume::ActivateForWipe(const std::string& mapping) {
  RETURN_IF_ERROR(
      Check(crypt_activate_by_volume_key(context_->device, mapping.c_str(), nullptr, 0,
                                         CRYPT_ACTIVATE_PRIVATE | CRYPT_ACTIVATE_NO_JOURNAL),
            "mapping for the wipe"));
  return DestroyKeyringKey(crypt_get_uuid(context_->device));
}

Status CryptVolume::Wipe(const std::string& mapping, uint64_t bytes,
                         const std::function<void(int)>& progress) {
  const std::string path = "/dev/mapper/" + mapping;
  std::function<void(int)> report = progress ? progress : [](int) {};
  RETURN_IF_ERROR(Check(crypt_wipe(context_->device, path.c_str(), CRYPT_WIPE_ZERO, 0, bytes,
                                   kWipeBlockBytes, 0, ReportProgress, &report),
                        "wipe"));
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.ok() || fsync(fd.get()) != 0) return ErrnoStatus(errno, "flush of the wiped disk");
  return Status();
}

Status CryptVolume::Activate(const std::string& mapping, const SecretBytes& keyslot_key) {
  crypt_device* device = context_->device;
  const int slot = WithPassphrase(keyslot_key, [device, &mapping](const char* text, size_t size) {
    return crypt_activate_by_passphrase(device, mapping.c_str(), 0, text, size, 0);
  });
  if (slot == -EPERM) {
    return Refused("WRONG_KEY",
                   "the header belongs to this key but its keyslot does not open: "
                   "the disk is damaged; restore it or replace it");
  }
  // Not that the disk is gone, which was read a moment ago: the kernel cannot make a mapping of
  // what the integrity superblock says.
  const bool unusable = slot == -ENOENT || slot == -ENXIO || slot == -ENODEV;
  RETURN_IF_ERROR(Check(unusable ? -EIO : slot, "opening of the state disk"));
  return DestroyKeyringKey(crypt_get_uuid(device));
}

Status CryptVolume::SetToken(const HeaderToken& token) {
  return Check(crypt_token_json_set(context_->device, 0, RenderHeaderToken(token).c_str()),
               "token");
}

}  // namespace kedge
