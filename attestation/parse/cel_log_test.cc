#include "attestation/parse/cel_log.h"

#include <gtest/gtest.h>

#include "attestation/model/measured_event.h"
#include "attestation/parse/kedge_log.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

std::string SystemdRecord(const std::string& text) {
  return "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" +
         ToHex(DigestInBank(PcrBank::kSha256, AsBytes(text))) +
         "\"},{\"hashAlg\":\"sm3\",\"digest\":\"00\"}],\"content_type\":\"systemd\","
         "\"content\":{\"string\":\"" +
         text + "\",\"bootId\":\"x\",\"timestamp\":1,\"eventType\":\"phase\"}}\n";
}

TEST(ParseCelLog, ReadsSystemdAndKedge) {
  Bytes log = ToBytes(SystemdRecord("enter-initrd"));
  const Bytes own =
      EncodeKedgeLogRecord(MakeKedgeLogRecord(CapEvent(), std::vector{PcrBank::kSha256}));
  log.insert(log.end(), own.begin(), own.end());
  EXPECT_TRUE(LooksLikeCelLog(log));
  ASSERT_OK_AND_ASSIGN(const auto records, ParseCelLog(log));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].kind, "phase");
  EXPECT_EQ(records[0].text, "enter-initrd");
  EXPECT_EQ(records[0].digests.size(), 1u);
  EXPECT_EQ(records[1].pcr, kNodePcr);
  EXPECT_EQ(records[1].kind, "cap");
  EXPECT_EQ(records[1].content, CapEvent().content);
}

TEST(ParseCelLog, OtherBytesAreMalformed) {
  const std::string good = SystemdRecord("x");
  const auto replaced = [&good](std::string_view from, std::string_view to) {
    std::string out = good;
    return out.replace(out.find(from), from.size(), to);
  };
  const std::vector<std::string> bad = {good.substr(1),
                                        "\x1e",
                                        "\x1e[]",
                                        good + "x",
                                        replaced("\"pcr\":11", "\"pcr\":24"),
                                        replaced("\"pcr\":11", "\"pcr\":-1"),
                                        replaced("sha256", "sha384"),
                                        replaced("\"digests\":[", "\"digests\":7,\"other\":["),
                                        "\x1e" + std::string(17 * 1024, ' ')};
  for (const std::string& text : bad) {
    EXPECT_THAT(ParseCelLog(AsBytes(text)), HasFault("MALFORMED")) << text.substr(0, 80);
  }
  std::string many;
  for (int i = 0; i < 4097; ++i) many += good;
  EXPECT_THAT(ParseCelLog(AsBytes(many)), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
