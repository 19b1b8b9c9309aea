// One entry of the configfs-tsm folder: made, written, read and removed. The building block of
// tsm_reports.h.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"

namespace kedge {

// Not thread-safe. Every error names the file; an error that may be gone at the next try is
// UNAVAILABLE with fault TSM_BUSY.
class TsmEntry {
 public:
  // Makes an entry with a name that nobody else has.
  static StatusOr<TsmEntry> Make(const std::string& folder, Random& random);
  TsmEntry(TsmEntry&& other) noexcept;
  TsmEntry& operator=(TsmEntry&&) = delete;
  // Removes the entry if Remove() did not.
  ~TsmEntry();

  Status Remove();

  bool Has(const std::string& attribute) const;
  // Text as the kernel prints it, without the line end.
  StatusOr<std::string> ReadText(const std::string& attribute) const;
  StatusOr<uint64_t> ReadNumber(const std::string& attribute) const;
  StatusOr<Bytes> ReadBlob(const std::string& attribute, size_t max) const;
  // In one write, as the kernel demands. A blob is taken over when the file is closed, and whether
  // it was is not told there: the generation shows it.
  Status Write(const std::string& attribute, ByteView value) const;

 private:
  explicit TsmEntry(std::string path) : path_(std::move(path)) {}
  std::string PathOf(const std::string& attribute) const { return path_ + "/" + attribute; }

  std::string path_;  // empty: moved from or removed
};

}  // namespace kedge
