// docs/MEASUREMENTS.md against the code: every vector and record of the document is read from the
// document and computed anew. A byte that differs locks every existing node out.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "attestation/parse/kedge_log.h"
#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge {
namespace {

std::string Document() {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/docs/MEASUREMENTS.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The lines of the first code block after `heading`.
std::vector<std::string> CodeBlockAfter(const std::string& document, const std::string& heading) {
  const size_t begin = document.find("```\n", document.find("\n" + heading));
  const size_t end = document.find("\n```", begin + 4);
  if (document.find("\n" + heading) == std::string::npos || end == std::string::npos) return {};
  std::istringstream block(document.substr(begin + 4, end - begin - 4));
  std::vector<std::string> lines;
  for (std::string line; std::getline(block, line);) lines.push_back(line);
  return lines;
}

// The event that the first line of a vector describes; nullopt where it describes none.
std::optional<MeasuredEvent> EventOf(const std::string& line) {
  static const std::regex kClusterId(R"(cluster-id, cluster id = 32 × ([0-9a-f]{2}))");
  static const std::regex kInitData(R"re(init-data, invitation = "(.*)")re");
  static const std::regex kNode(R"re(node, role = "(.*)", SHA-256\("(.*)"\), SHA-256\("(.*)"\))re");
  std::smatch match;
  if (std::regex_match(line, match, kClusterId)) {
    ClusterId id{};
    id.fill(static_cast<uint8_t>(std::stoi(match[1].str(), nullptr, 16)));
    return ClusterIdEvent(id);
  }
  if (std::regex_match(line, match, kInitData)) return InitDataEvent(AsBytes(match[1].str()));
  if (std::regex_match(line, match, kNode)) {
    return NodeEvent(match[1].str(), Sha256(AsBytes(match[2].str())),
                     Sha256(AsBytes(match[3].str())));
  }
  if (line == "cap") return CapEvent();
  return std::nullopt;
}

TEST(MeasurementsDocument, EveryVectorIsWhatTheCodeMeasures) {
  static const std::regex kValue(
      R"re(  (content|digest|PCR (\d+)) +([0-9a-f]+)( +\(after .*\))?)re");
  std::set<std::string> labels;
  std::map<PcrIndex, Bytes> pcrs;  // as they go on from vector to vector, from zero
  std::optional<MeasuredEvent> event;
  std::set<std::string> shown;  // of the event at hand
  const auto finish = [&] {
    if (event) {
      EXPECT_EQ(shown, (std::set<std::string>{"content", "digest", "PCR"}));
    }
    shown.clear();
  };
  const auto lines = CodeBlockAfter(Document(), "### Vectors (SHA-256 bank)\n");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    if (!line.starts_with(' ')) {
      finish();
      event = EventOf(line);
      ASSERT_TRUE(event.has_value()) << "not an event that this test can compute";
      EXPECT_TRUE(labels.insert(event->label).second) << "twice";
      continue;
    }
    std::smatch match;
    ASSERT_TRUE(event && std::regex_match(line, match, kValue)) << "not a value of a vector";
    const std::string value = match[3].str();
    if (match[1] == "content") {
      EXPECT_EQ(value, ToHex(event->content));
    } else if (match[1] == "digest") {
      EXPECT_EQ(value, ToHex(DigestInBank(PcrBank::kSha256, event->content)));
    } else {
      EXPECT_EQ(match[2].str(), std::to_string(event->pcr));
      Bytes& pcr = pcrs.emplace(event->pcr, ZeroPcr(PcrBank::kSha256)).first->second;
      pcr = ExtendedPcr(PcrBank::kSha256, pcr, event->content);
      EXPECT_EQ(value, ToHex(pcr));
    }
    shown.insert(match[2].matched ? "PCR" : match[1].str());
  }
  finish();
  EXPECT_EQ(labels, (std::set<std::string>{"cluster-id", "init-data", "node", "cap"}));
}

TEST(MeasurementsDocument, TheTableNamesEveryEventWithItsPcrAndLabel) {
  static const std::regex kRow(
      R"re(\| `([a-z-]+)` \| (\d+) \| `lp\("kedge/1 ([a-z-]+)"\).*` \|)re");
  const std::map<std::string, PcrIndex> expected = {
      {"init-data", InitDataEvent({}).pcr},
      {"node", NodeEvent("", {}, {}).pcr},
      {"cap", CapEvent().pcr},
      {"cluster-id", ClusterIdEvent({}).pcr},
  };
  std::map<std::string, PcrIndex> rows;
  std::istringstream document(Document());
  for (std::string line; std::getline(document, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kRow)) continue;
    EXPECT_EQ(match[1], match[3]);
    rows[match[1].str()] = static_cast<PcrIndex>(std::stoul(match[2].str()));
  }
  EXPECT_EQ(rows, expected);
}

TEST(MeasurementsDocument, EveryRecordIsWhatTheCodeLogs) {
  const auto lines = CodeBlockAfter(Document(), "## Kedge's log\n");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    const Bytes record = ToBytes("\x1e" + line + "\n");
    ASSERT_OK_AND_ASSIGN(const std::vector<KedgeLogRecord> parsed, ParseKedgeLog(record));
    ASSERT_EQ(parsed.size(), 1u);
    std::vector<PcrBank> banks;
    for (const auto& [bank, digest] : parsed[0].digests) banks.push_back(bank);
    // Digests anew, from the content.
    EXPECT_EQ(EncodeKedgeLogRecord(MakeKedgeLogRecord(parsed[0].event, banks)), record);
    EXPECT_EQ(parsed[0].event, CapEvent()) << "the document shows the cap's record";
  }
}

}  // namespace
}  // namespace kedge
