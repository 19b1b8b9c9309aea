#include "tests/powercut/write_log.h"

#include "base/reader.h"

namespace kedge::powercut {
namespace {

constexpr uint64_t kMagic = 0x6a736677736872;
constexpr uint64_t kVersion = 1;
constexpr uint64_t kSectorBytes = 512;
// The kernel's own mark where the recording ends.
constexpr std::string_view kKernelsEnd = "dm-log-writes-end";
constexpr uint64_t kMostEntries = 10'000'000;
constexpr uint64_t kMostSectors = uint64_t{1} << 40;

// Flags of an entry.
constexpr uint64_t kFlush = 1;
constexpr uint64_t kFua = 2;
constexpr uint64_t kDiscard = 4;
constexpr uint64_t kMark = 8;

// What the log begins with; returns the number of entries.
StatusOr<uint64_t> ParseSuper(ByteView sector) {
  Reader reader(sector);
  ASSIGN_OR_RETURN(const uint64_t magic, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t version, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t count, reader.U64Le());
  ASSIGN_OR_RETURN(const uint32_t sector_bytes, reader.U32Le());
  if (magic != kMagic || version != kVersion) {
    return Malformed("write log: no log of dm-log-writes, version 1");
  }
  if (sector_bytes != kSectorBytes) return Malformed("write log: its sectors are not 512 bytes");
  if (count > kMostEntries) return Malformed("write log: too many entries");
  return count;
}

// The sector that stands before an entry's content, which begins at `content`.
StatusOr<LoggedWrite> ParseEntry(ByteView sector, uint64_t content) {
  Reader reader(sector);
  ASSIGN_OR_RETURN(const uint64_t at, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t sectors, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t flags, reader.U64Le());
  ASSIGN_OR_RETURN(const uint64_t mark_bytes, reader.U64Le());
  if (sectors > kMostSectors || at > kMostSectors) return Malformed("write log: a huge write");
  if ((flags & kDiscard) != 0) return Malformed("write log: a discard");
  LoggedWrite entry{.offset = at * kSectorBytes,
                    .bytes = sectors * kSectorBytes,
                    .content = content,
                    .flush = (flags & kFlush) != 0,
                    .fua = (flags & kFua) != 0};
  if ((flags & kMark) != 0) {
    ASSIGN_OR_RETURN(const ByteView text, reader.Take(mark_bytes));
    if (AsText(text) != kKernelsEnd) entry.mark = AsText(text);
    entry.bytes = 0;
  }
  return entry;
}

}  // namespace

StatusOr<WriteLog> ParseWriteLog(const ReadDevice& read) {
  ASSIGN_OR_RETURN(const Bytes super, read(0, kSectorBytes));
  ASSIGN_OR_RETURN(const uint64_t count, ParseSuper(super));
  WriteLog log;
  uint64_t at = kSectorBytes;
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Bytes sector, read(at, kSectorBytes));
    at += kSectorBytes;
    ASSIGN_OR_RETURN(LoggedWrite entry, ParseEntry(sector, at));
    at += entry.bytes;
    log.push_back(std::move(entry));
  }
  return log;
}

}  // namespace kedge::powercut
