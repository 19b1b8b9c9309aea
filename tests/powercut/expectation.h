// What must hold of a disk whose power was cut: read from the marks that the recorder left in the
// write log as each promise was made. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/core/state_disk.h"
#include "tests/powercut/write_log.h"

namespace kedge::powercut {

struct Expectation {
  std::string phase;
  bool formatted = false;                 // Format has returned
  DiskCounters counters;                  // what a key service would release with
  uint64_t grown = 0;                     // bytes that the extent was said to have
  uint64_t records = 0;                   // of the appended file, that were synced
  std::map<std::string, uint64_t> files;  // version of each that was synced
};

// How the recorder writes a promise, and Expect reads it. One word: device-mapper's messages are
// lists of words.
std::string PhaseMark(std::string_view phase);
std::string FormattedMark();
std::string GrantedMark(uint64_t counter);   // an advance to it may begin
std::string AdvancedMark(uint64_t counter);  // and has returned
std::string GrownMark(uint64_t bytes);
std::string RecordsMark(uint64_t count);
std::string FileMark(const std::string& name, uint64_t version);

// INTERNAL for a mark that is none of these.
StatusOr<Expectation> Expect(const WriteLog& log, size_t cut);

// The whole of a file; its first line names both, and no two are alike.
Bytes FileContent(const std::string& name, uint64_t version);
// One record of the appended file; all are kRecordBytes long.
inline constexpr size_t kRecordBytes = 200;
Bytes Record(uint64_t index);
inline constexpr char kRecordsFile[] = "records";

// OK where `content` is a version of the file that is at least `version`, whole.
Status CheckFile(const std::string& name, uint64_t version, ByteView content);
// OK where `content` begins with `count` records.
Status CheckRecords(uint64_t count, ByteView content);

}  // namespace kedge::powercut
