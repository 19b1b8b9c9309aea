#include "attestation/issue/tsm_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "attestation/issue/testing/tsm_mount.h"
#include "base/lp.h"
#include "base/status_matchers.h"
#include "crypto/digest.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using ::testing::HasSubstr;
using testing::TsmAsked;
using testing::TsmMade;
using testing::TsmMount;
using testing::TsmMountOptions;

class TsmReportsTest : public ::testing::Test {
 protected:
  TsmReportsTest() {
    options_.make = [this](const TsmAsked& asked, TsmMade& made) {
      asked_ = asked;
      made.outblob = Lp({AsBytes("report over"), asked.inblob});
      made.auxblob = ToBytes("certificates");
      made.manifestblob = ToBytes("manifest");
      return 0;
    };
  }

  // Skips where FUSE cannot be mounted.
  void Mount() {
    StatusOr<std::unique_ptr<TsmMount>> mount = TsmMount::Create(options_);
    if (!mount.ok()) GTEST_SKIP() << "NO FUSE HERE, NOTHING IS TESTED: " << mount.status();
    mount_ = *std::move(mount);
  }

  StatusOr<HardwareReport> Collect(const ReportRequest& request, int attempts = 5) {
    TsmReports reports(random_, {.folder = mount_->folder(),
                                 .attempts = attempts,
                                 .sleep = [this](absl::Duration pause) { paused_ += pause; }});
    StatusOr<HardwareReport> out = reports.Collect(request);
    EXPECT_EQ(mount_->entries(), 0u) << "an entry was left behind";
    return out;
  }
  // Fails `operation` on `attribute` the first `times` times.
  void FailTimes(const std::string& operation, const std::string& attribute, int error, int times) {
    options_.on_access = [=](const std::string& op, const std::string& name) mutable {
      return op == operation && name == attribute && times-- > 0 ? error : 0;
    };
  }

  SystemRandom random_;
  TsmMountOptions options_;
  std::unique_ptr<TsmMount> mount_;
  TsmAsked asked_;
  absl::Duration paused_;
  const ReportRequest request_{.report_data = Sha512(AsBytes("transcript"))};
};

#define MOUNT_OR_SKIP() \
  Mount();              \
  if (IsSkipped()) return

TEST_F(TsmReportsTest, SnpReportWithItsCertificates) {
  MOUNT_OR_SKIP();
  ASSERT_OK_AND_ASSIGN(const HardwareReport report, Collect(request_));
  EXPECT_EQ(report.provider, kSnpProvider);
  EXPECT_EQ(report.report, Lp({AsBytes("report over"), request_.report_data}));
  EXPECT_EQ(report.auxiliary, ToBytes("certificates"));
  EXPECT_THAT(report.manifest, ::testing::IsEmpty());
  EXPECT_EQ(mount_->made(), 1u);
  EXPECT_EQ(asked_.privilege_level, 0u);
  EXPECT_EQ(asked_.service_provider, "");
}

TEST_F(TsmReportsTest, TdxQuoteComesAlone) {
  options_.provider = kTdxProvider;
  options_.knows_levels = false;
  options_.has_auxblob = false;
  MOUNT_OR_SKIP();
  ASSERT_OK_AND_ASSIGN(const HardwareReport report, Collect(request_));
  EXPECT_EQ(report.provider, kTdxProvider);
  EXPECT_EQ(report.report, Lp({AsBytes("report over"), request_.report_data}));
  EXPECT_THAT(report.auxiliary, ::testing::IsEmpty());
}

TEST_F(TsmReportsTest, LargestReportAndNothingLarger) {
  size_t size = kMaxTsmBlob;
  options_.make = [&](const TsmAsked&, TsmMade& made) {
    made.outblob = Bytes(size, 0xAB);
    return 0;
  };
  MOUNT_OR_SKIP();
  ASSERT_OK_AND_ASSIGN(const HardwareReport report, Collect(request_));
  EXPECT_EQ(report.report, Bytes(size, 0xAB));
  ++size;
  EXPECT_THAT(Collect(request_), HasFault("FILE_TOO_LARGE"));
  size = 0;
  EXPECT_THAT(Collect(request_), HasFault("TSM_REFUSED"));
}

TEST_F(TsmReportsTest, AsksForTheLowestLevelThatItMay) {
  options_.privilege_floor = 2;
  MOUNT_OR_SKIP();
  ASSERT_OK(Collect(request_));
  EXPECT_EQ(asked_.privilege_level, 2u);
  ReportRequest request = request_;
  request.privilege_level = 3;
  ASSERT_OK(Collect(request));
  EXPECT_EQ(asked_.privilege_level, 3u);
  request.privilege_level = 1;
  const auto refused = Collect(request);
  EXPECT_THAT(refused, HasFault("TSM_REFUSED"));
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("/privlevel: Invalid argument"));
}

TEST_F(TsmReportsTest, LevelWhereThereIsNoneIsSaid) {
  options_.knows_levels = false;
  MOUNT_OR_SKIP();
  ReportRequest request = request_;
  request.privilege_level = 0;
  EXPECT_THAT(Collect(request), HasFault("TSM_UNSUPPORTED"));
}

TEST_F(TsmReportsTest, ServiceOfAnSvsm) {
  options_.has_services = true;
  options_.privilege_floor = 2;
  MOUNT_OR_SKIP();
  ReportRequest request = request_;
  request.service =
      ReportService{.guid = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3", .manifest_version = 1};
  ASSERT_OK_AND_ASSIGN(const HardwareReport report, Collect(request));
  EXPECT_EQ(report.manifest, ToBytes("manifest"));
  EXPECT_EQ(asked_.service_provider, "svsm");
  EXPECT_EQ(asked_.service_guid, request.service->guid);
  EXPECT_EQ(asked_.service_manifest_version, 1u);
  // Of all services: no GUID is written. And the service's report is not at our level.
  request.service = ReportService{};
  ASSERT_OK(Collect(request));
  EXPECT_EQ(asked_.service_guid, "");
  EXPECT_EQ(asked_.privilege_level, 0u);
  request.service->guid = "not a guid";
  EXPECT_THAT(Collect(request), HasFault("TSM_REFUSED"));
}

TEST_F(TsmReportsTest, ServiceWhereThereIsNoneIsSaid) {
  MOUNT_OR_SKIP();
  ReportRequest request = request_;
  request.service = ReportService{};
  const auto out = Collect(request);
  EXPECT_THAT(out, HasFault("TSM_UNSUPPORTED"));
  EXPECT_THAT(MessageOf(out.status()), HasSubstr("/service_provider"));
}

TEST_F(TsmReportsTest, BusyProviderIsAskedAgain) {
  for (const int error : {EBUSY, EAGAIN, EINTR, ETIMEDOUT}) {
    paused_ = absl::ZeroDuration();
    FailTimes("read", "outblob", error, 2);
    MOUNT_OR_SKIP();
    EXPECT_OK(Collect(request_));
    EXPECT_EQ(paused_, absl::Milliseconds(300)) << error;  // 100 and 200
  }
}

TEST_F(TsmReportsTest, ProviderThatStaysBusyIsGivenUp) {
  FailTimes("read", "outblob", EBUSY, 1000);
  MOUNT_OR_SKIP();
  const auto out = Collect(request_, 3);
  EXPECT_THAT(out, HasFault("TSM_BUSY"));
  EXPECT_TRUE(IsRetryable(out.status()));
  EXPECT_EQ(paused_, absl::Milliseconds(300));
  EXPECT_EQ(mount_->made(), 0u);
}

TEST_F(TsmReportsTest, RefusedReportIsNotAskedForAgain) {
  FailTimes("read", "outblob", EIO, 1);
  MOUNT_OR_SKIP();
  const auto out = Collect(request_);
  EXPECT_THAT(out, HasFault("TSM_REFUSED"));
  EXPECT_FALSE(IsRetryable(out.status()));
  EXPECT_THAT(MessageOf(out.status()), HasSubstr("/outblob"));
  EXPECT_EQ(paused_, absl::ZeroDuration());
}

// Somebody writes to our entry at each point where that can matter.
TEST_F(TsmReportsTest, ForeignWriteIsSeenAndTheReportMadeAgain) {
  struct Point {
    std::string operation, attribute;
  };
  for (const Point& point : {Point{"open", "inblob"},  // before ours
                             Point{"read", "outblob"}, Point{"read", "auxblob"}}) {
    bool touched = false;
    options_.on_access = [&](const std::string& op, const std::string& name) {
      if (op == point.operation && name == point.attribute && !touched) {
        touched = true;
        mount_->TouchAll();
      }
      return 0;
    };
    paused_ = absl::ZeroDuration();
    MOUNT_OR_SKIP();
    EXPECT_OK(Collect(request_)) << point.attribute;
    EXPECT_TRUE(touched) << point.attribute;
    EXPECT_EQ(paused_, absl::Milliseconds(100)) << point.attribute << " was not noticed";
  }
}

TEST_F(TsmReportsTest, ForeignWritesWithoutEndAreGivenUp) {
  options_.on_access = [&](const std::string& op, const std::string& name) {
    if (op == "read" && name == "outblob") mount_->TouchAll();
    return 0;
  };
  MOUNT_OR_SKIP();
  EXPECT_THAT(Collect(request_), HasFault("TSM_CONFLICT"));
}

// The kernel tells nobody when it does not take a blob over at close.
TEST_F(TsmReportsTest, LostBlobIsNoticed) {
  options_.loses_blobs = true;
  MOUNT_OR_SKIP();
  const auto out = Collect(request_);
  EXPECT_THAT(out, HasFault("TSM_CONFLICT"));
  EXPECT_EQ(mount_->made(), 0u);
}

TEST_F(TsmReportsTest, EntryIsRemovedThoughTheKernelHesitates) {
  FailTimes("rmdir", "", EBUSY, 2);
  MOUNT_OR_SKIP();
  EXPECT_OK(Collect(request_));
}

TEST_F(TsmReportsTest, WithoutAProviderItSaysWhatToLoad) {
  options_.provider = "";
  MOUNT_OR_SKIP();
  const auto out = Collect(request_);
  EXPECT_THAT(out, HasFault("TSM_NOT_AVAILABLE"));
  EXPECT_THAT(MessageOf(out.status()), HasSubstr("load sev-guest or tdx-guest"));
}

TEST_F(TsmReportsTest, WithoutConfigfsItSaysWhatItTakes) {
  TsmReports reports(random_, {.folder = ::testing::TempDir() + "no-such-folder/report"});
  const auto out = reports.Collect(request_);
  EXPECT_THAT(out, HasFault("TSM_NOT_AVAILABLE"));
  EXPECT_THAT(MessageOf(out.status()), HasSubstr("CONFIG_TSM_REPORTS"));
  EXPECT_THAT(reports.Offer(), HasFault("TSM_NOT_AVAILABLE"));
}

TEST_F(TsmReportsTest, ManyAtOnceEachGetTheirOwn) {
  MOUNT_OR_SKIP();
  TsmReports reports(random_, {.folder = mount_->folder()});
  std::vector<std::thread> threads;
  for (uint8_t i = 0; i < 8; ++i) {
    threads.emplace_back([&reports, i] {
      const ReportRequest request{.report_data = Sha512(Bytes{i})};
      const StatusOr<HardwareReport> report = reports.Collect(request);
      ASSERT_OK(report);
      EXPECT_EQ(report->report, Lp({AsBytes("report over"), request.report_data}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mount_->entries(), 0u);
}

TEST_F(TsmReportsTest, SaysWhatItOffers) {
  MOUNT_OR_SKIP();
  TsmReports reports(random_, {.folder = mount_->folder()});
  ASSERT_OK_AND_ASSIGN(const TsmOffer offer, reports.Offer());
  EXPECT_EQ(offer.provider, kSnpProvider);
  EXPECT_FALSE(offer.services);
  EXPECT_EQ(mount_->entries(), 0u);
}

}  // namespace
}  // namespace kedge
