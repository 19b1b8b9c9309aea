#include "tests/powercut/expectation.h"

#include <algorithm>
#include <sstream>

namespace kedge::powercut {
namespace {

// A text that repeats and names what it belongs to.
Bytes Filled(const std::string& seed, size_t size) {
  Bytes out;
  out.reserve(size + seed.size());
  while (out.size() < size) out.insert(out.end(), seed.begin(), seed.end());
  out.resize(size);
  return out;
}

Status Lost(const std::string& what) {
  return MakeError(StatusCode::kDataLoss, what + " was synced and is not there");
}

}  // namespace

std::string PhaseMark(std::string_view phase) { return "phase=" + std::string(phase); }
std::string FormattedMark() { return "formatted"; }
std::string GrantedMark(uint64_t counter) { return "granted=" + std::to_string(counter); }
std::string AdvancedMark(uint64_t counter) { return "advanced=" + std::to_string(counter); }
std::string GrownMark(uint64_t bytes) { return "grown=" + std::to_string(bytes); }
std::string RecordsMark(uint64_t count) { return "records=" + std::to_string(count); }
std::string FileMark(const std::string& name, uint64_t version) {
  return "file=" + name + "=" + std::to_string(version);
}

StatusOr<Expectation> Expect(const WriteLog& log, size_t cut) {
  Expectation out;
  for (size_t i = 0; i < cut; ++i) {
    if (log[i].mark.empty()) continue;
    std::string text = log[i].mark;
    std::replace(text.begin(), text.end(), '=', ' ');
    std::istringstream words(text);
    std::string kind;
    words >> kind;
    if (kind == "phase") {
      words >> out.phase;
    } else if (kind == "formatted") {
      out.formatted = true;
    } else if (kind == "granted") {
      words >> out.counters.next;
    } else if (kind == "advanced") {
      words >> out.counters.acknowledged;
    } else if (kind == "grown") {
      words >> out.grown;
    } else if (kind == "records") {
      words >> out.records;
    } else if (kind == "file") {
      std::string name;
      words >> name;
      words >> out.files[name];
    } else {
      return Internal("unknown mark " + log[i].mark);
    }
    if (words.fail()) return Internal("unreadable mark " + log[i].mark);
  }
  return out;
}

Bytes FileContent(const std::string& name, uint64_t version) {
  const std::string first = name + " " + std::to_string(version) + "\n";
  return Filled(first, first.size() + (version * 7919 + name.size() * 104729) % 60'000);
}

Bytes Record(uint64_t index) {
  return Filled("record " + std::to_string(index) + ";", kRecordBytes);
}

Status CheckFile(const std::string& name, uint64_t version, ByteView content) {
  std::istringstream line{
      std::string(AsText(content.first(std::min<size_t>(content.size(), 100))))};
  std::string found;
  uint64_t found_version = 0;
  line >> found >> found_version;
  if (line.fail() || found != name || found_version < version) {
    return Lost(FileMark(name, version));
  }
  if (!Equal(content, FileContent(name, found_version))) {
    return MakeError(StatusCode::kDataLoss, FileMark(name, found_version) + " is not whole");
  }
  return Status();
}

Status CheckRecords(uint64_t count, ByteView content) {
  for (uint64_t i = 0; i < count; ++i) {
    if (content.size() < (i + 1) * kRecordBytes ||
        !Equal(content.subspan(i * kRecordBytes, kRecordBytes), Record(i))) {
      return Lost("record " + std::to_string(i) + " of " + std::to_string(count));
    }
  }
  return Status();
}

}  // namespace kedge::powercut
