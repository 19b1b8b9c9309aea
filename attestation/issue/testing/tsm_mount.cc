#include "attestation/issue/testing/tsm_mount.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#define FUSE_USE_VERSION 31
#include <fuse3/fuse.h>

namespace kedge::testing {
namespace {

constexpr size_t kMaxInblob = 64;
constexpr off_t kPage = 4096;
constexpr size_t kGuidText = 36;
constexpr unsigned kMaxPrivilegeLevel = 3;

struct Entry {
  TsmAsked asked;
  TsmMade made;
  unsigned long write_generation = 0;
  unsigned long read_generation = 0;
  bool has_report = false;
};

struct OpenFile {
  std::string entry;
  std::string attribute;
  bool writes = false;
  Bytes buffer = {};
  bool filled = false;
};

bool IsBlob(const std::string& attribute) { return attribute.ends_with("blob"); }
bool IsWriteOnly(const std::string& attribute) {
  return attribute == "inblob" || attribute == "privlevel" || attribute.starts_with("service_");
}

// Once a process: mounts of this test stay invisible to the machine and end with it. Needs no
// privilege where user namespaces are allowed.
Status EnterOwnMountNamespace() {
  static const int error = [] {
    const uid_t uid = getuid();
    const gid_t gid = getgid();
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return errno;
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
      std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
    }
    return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? 0 : errno;
  }();
  if (error == 0) return absl::OkStatus();
  return FailedPrecondition(
      absl::StrCat("cannot have a mount namespace of its own: ", std::strerror(error)));
}

struct Place {
  std::string entry;  // empty: the folder itself
  std::string attribute;
};
Place PlaceOf(const char* path) {
  const std::string text = path + 1;
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return {text, ""};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

OpenFile& FileOf(const fuse_file_info* info) { return *reinterpret_cast<OpenFile*>(info->fh); }

}  // namespace

// Everything but the counters belongs to the loop's thread.
struct TsmMount::Impl {
  TsmMountOptions options;
  std::map<std::string, Entry> entries;
  std::atomic<size_t> entry_count = 0;
  std::atomic<size_t> made = 0;
  struct fuse* fuse = nullptr;
  std::thread loop;

  static Impl& Self() { return *static_cast<Impl*>(fuse_get_context()->private_data); }

  int Access(const std::string& operation, const std::string& attribute) const {
    return options.on_access ? -options.on_access(operation, attribute) : 0;
  }

  bool Visible(const std::string& attribute) const {
    if (attribute == "inblob" || attribute == "outblob" || attribute == "generation" ||
        attribute == "provider") {
      return true;
    }
    if (attribute == "auxblob") return options.has_auxblob;
    if (attribute == "privlevel" || attribute == "privlevel_floor") return options.knows_levels;
    return options.has_services &&
           (attribute == "service_provider" || attribute == "service_guid" ||
            attribute == "service_manifest_version" || attribute == "manifestblob");
  }

  Entry* Find(const std::string& name) {
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
  }

  // The value as the kernel shows it; 0 or -errno.
  int Show(Entry& entry, const std::string& attribute, Bytes& out) {
    if (attribute == "generation") {
      out = ToBytes(absl::StrCat(entry.write_generation, "\n"));
      return 0;
    }
    if (attribute == "provider") {
      out = ToBytes(options.provider + "\n");
      return 0;
    }
    if (attribute == "privlevel_floor") {
      out = ToBytes(absl::StrCat(options.privilege_floor, "\n"));
      return 0;
    }
    if (entry.asked.inblob.empty()) return -EINVAL;
    if (!entry.has_report || entry.read_generation != entry.write_generation) {
      entry.made = {};
      entry.has_report = false;
      if (const int error = options.make(entry.asked, entry.made); error != 0) return -error;
      ++made;
      entry.has_report = true;
      entry.read_generation = entry.write_generation;
    }
    out = attribute == "outblob"   ? entry.made.outblob
          : attribute == "auxblob" ? entry.made.auxblob
                                   : entry.made.manifestblob;
    return 0;
  }

  int Store(Entry& entry, const std::string& attribute, std::string text) const {
    if (text.ends_with('\n')) text.pop_back();
    unsigned number = 0;
    const bool is_number = absl::SimpleAtoi(text, &number);
    if (attribute == "service_provider") {
      entry.asked.service_provider = text;
    } else if (attribute == "service_guid") {
      entry.asked.service_guid = text;
      if (text.size() != kGuidText) return ++entry.write_generation, -EINVAL;  // counted, refused
    } else if (!is_number) {
      return -EINVAL;
    } else if (attribute == "privlevel") {
      if (number < options.privilege_floor || number > kMaxPrivilegeLevel) return -EINVAL;
      entry.asked.privilege_level = number;
    } else {
      entry.asked.service_manifest_version = number;
    }
    ++entry.write_generation;
    return 0;
  }

  // ---- Operations -------------------------------------------------------------------------------
  static int GetAttributes(const char* path, struct stat* out, fuse_file_info*) {
    const Place place = PlaceOf(path);
    *out = {};
    out->st_nlink = 1;
    if (!place.entry.empty() && Self().Find(place.entry) == nullptr) return -ENOENT;
    if (place.attribute.empty()) {
      out->st_mode = S_IFDIR | 0755;
      return 0;
    }
    if (!Self().Visible(place.attribute)) return -ENOENT;
    out->st_mode = S_IFREG | (IsWriteOnly(place.attribute) ? 0200 : 0400);
    out->st_size = IsBlob(place.attribute) ? 0 : kPage;
    return 0;
  }

  static int MakeFolder(const char* path, mode_t) {
    const Place place = PlaceOf(path);
    if (const int error = Self().Access("mkdir", ""); error != 0) return error;
    if (!place.attribute.empty()) return -EPERM;
    if (Self().options.provider.empty()) return -ENXIO;
    Self().entries[place.entry];
    Self().entry_count = Self().entries.size();
    return 0;
  }

  static int RemoveFolder(const char* path) {
    if (const int error = Self().Access("rmdir", ""); error != 0) return error;
    if (Self().entries.erase(PlaceOf(path).entry) == 0) return -ENOENT;
    Self().entry_count = Self().entries.size();
    return 0;
  }

  static int Open(const char* path, fuse_file_info* info) {
    const Place place = PlaceOf(path);
    if (Self().Find(place.entry) == nullptr || !Self().Visible(place.attribute)) return -ENOENT;
    if (const int error = Self().Access("open", place.attribute); error != 0) return error;
    const bool writes = (info->flags & O_ACCMODE) != O_RDONLY;
    if (writes != IsWriteOnly(place.attribute)) return -EACCES;
    info->direct_io = 1;
    info->fh = reinterpret_cast<uint64_t>(
        new OpenFile{.entry = place.entry, .attribute = place.attribute, .writes = writes});
    return 0;
  }

  static int Read(const char*, char* out, size_t size, off_t offset, fuse_file_info* info) {
    OpenFile& file = FileOf(info);
    Entry* entry = Self().Find(file.entry);
    if (entry == nullptr) return -ENOENT;
    if (const int error = Self().Access("read", file.attribute); error != 0) return error;
    if (!file.filled) {
      if (const int error = Self().Show(*entry, file.attribute, file.buffer); error != 0) {
        return error;
      }
      file.filled = true;
    }
    const ByteView all = file.buffer;
    const size_t start = std::min(static_cast<size_t>(offset), all.size());
    const ByteView part = all.subspan(start, std::min(size, all.size() - start));
    std::copy(part.begin(), part.end(), out);
    return static_cast<int>(part.size());
  }

  static int Write(const char*, const char* data, size_t size, off_t, fuse_file_info* info) {
    OpenFile& file = FileOf(info);
    Entry* entry = Self().Find(file.entry);
    if (entry == nullptr) return -ENOENT;
    if (const int error = Self().Access("write", file.attribute); error != 0) return error;
    if (IsBlob(file.attribute)) {
      if (file.buffer.size() + size > kMaxInblob) return -EFBIG;
      file.buffer.insert(file.buffer.end(), data, data + size);
    } else if (const int error = Self().Store(*entry, file.attribute, {data, size}); error != 0) {
      return error;
    }
    return static_cast<int>(size);
  }

  // close(2). What the kernel finds wrong with a blob here is told to nobody.
  static int Flush(const char*, fuse_file_info* info) {
    OpenFile& file = FileOf(info);
    Entry* entry = Self().Find(file.entry);
    const bool lost = Self().Access("close", file.attribute) != 0 || Self().options.loses_blobs;
    if (entry == nullptr || !file.writes || !IsBlob(file.attribute) || lost) return 0;
    entry->asked.inblob = file.buffer;
    ++entry->write_generation;
    return 0;
  }

  static int Release(const char*, fuse_file_info* info) {
    delete &FileOf(info);
    return 0;
  }

  static void* Start(fuse_conn_info*, fuse_config* config) {
    config->entry_timeout = 0;
    config->attr_timeout = 0;
    config->negative_timeout = 0;
    return fuse_get_context()->private_data;
  }

  static fuse_operations Operations() {
    fuse_operations out{};
    out.getattr = GetAttributes;
    out.mkdir = MakeFolder;
    out.rmdir = RemoveFolder;
    out.open = Open;
    out.read = Read;
    out.write = Write;
    out.flush = Flush;
    out.release = Release;
    out.init = Start;
    return out;
  }
};

TsmMount::TsmMount(std::string folder, std::unique_ptr<Impl> impl)
    : folder_(std::move(folder)), impl_(std::move(impl)) {}

StatusOr<std::unique_ptr<TsmMount>> TsmMount::Create(TsmMountOptions options) {
  RETURN_IF_ERROR(EnterOwnMountNamespace());
  std::string folder = absl::StrCat(::testing::TempDir(), "kedge-tsm-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) return FailedPrecondition("cannot make a folder");
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  static const fuse_operations operations = Impl::Operations();
  char name[] = "kedge-tsm";
  char* arguments[] = {name, nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, arguments);
  const absl::Cleanup free_args = [&args] { fuse_opt_free_args(&args); };
  impl->fuse = fuse_new(&args, &operations, sizeof(operations), impl.get());
  if (impl->fuse == nullptr || fuse_mount(impl->fuse, folder.c_str()) != 0) {
    if (impl->fuse != nullptr) fuse_destroy(impl->fuse);
    rmdir(folder.c_str());
    return FailedPrecondition("cannot mount FUSE on this machine");
  }
  impl->loop = std::thread([fuse = impl->fuse] { fuse_loop(fuse); });
  return std::unique_ptr<TsmMount>(new TsmMount(std::move(folder), std::move(impl)));
}

TsmMount::~TsmMount() {
  umount2(folder_.c_str(), MNT_DETACH);  // the loop's read then fails
  impl_->loop.join();
  fuse_unmount(impl_->fuse);
  fuse_destroy(impl_->fuse);
  rmdir(folder_.c_str());
}

size_t TsmMount::entries() const { return impl_->entry_count; }
size_t TsmMount::made() const { return impl_->made; }
void TsmMount::TouchAll() {
  for (auto& [name, entry] : impl_->entries) ++entry.write_generation;
}

}  // namespace kedge::testing
