#include "attestation/issue/measurement_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "attestation/parse/kedge_log.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

class MeasurementLogTest : public ::testing::Test {
 protected:
  MeasurementLogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kedge-log-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~MeasurementLogTest() override { std::filesystem::remove_all(folder_); }
  std::string Path() const { return (folder_ / "run" / "measurements.json").string(); }

  std::filesystem::path folder_;
  const std::vector<PcrBank> banks_ = {PcrBank::kSha256, PcrBank::kSha384};
};

TEST_F(MeasurementLogTest, AbsentFileIsAnEmptyLog) {
  MeasurementLog log(Path());
  ASSERT_OK_AND_ASSIGN(const auto events, log.Read());
  EXPECT_TRUE(events.empty());
  ASSERT_OK_AND_ASSIGN(const Bytes raw, log.ReadRaw());
  EXPECT_TRUE(raw.empty());
}

TEST_F(MeasurementLogTest, EventsComeBackInAnotherInstance) {
  const std::vector<MeasuredEvent> events = {InitDataEvent(AsBytes("invitation")),
                                             ClusterIdEvent(ClusterId{7})};
  for (const MeasuredEvent& event : events) ASSERT_OK(MeasurementLog(Path()).Append(event, banks_));
  ASSERT_OK_AND_ASSIGN(const auto read, MeasurementLog(Path()).Read());
  EXPECT_EQ(read, events);
}

TEST_F(MeasurementLogTest, FileIsReadableByEverybodyAndHoldsEveryBank) {
  MeasurementLog log(Path());
  ASSERT_OK(log.Append(CapEvent(), banks_));
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0644u);
  ASSERT_OK_AND_ASSIGN(const Bytes raw, log.ReadRaw());
  ASSERT_OK_AND_ASSIGN(const auto records, ParseKedgeLog(raw));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].digests.size(), 2u);
}

TEST_F(MeasurementLogTest, ForeignContentIsRefusedAndKept) {
  MeasurementLog log(Path());
  std::filesystem::create_directories(folder_ / "run");
  std::ofstream(Path()) << "not a record\n";
  EXPECT_THAT(log.Read(), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
