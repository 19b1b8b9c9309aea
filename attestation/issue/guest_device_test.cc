// The ioctl fallbacks, against stand-ins that answer byte for byte as the kernel's drivers do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/ioctl.h>
#include <linux/sev-guest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "attestation/issue/qgs_message.h"
#include "attestation/issue/sev_guest_reports.h"
#include "attestation/issue/tdx_guest_reports.h"
#include "attestation/parse/snp_cert_table.h"
#include "attestation/parse/snp_report.h"
#include "attestation/verify/testing/snp_world.h"
#include "attestation/verify/testing/tdx_machine.h"
#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using ::testing::HasSubstr;
using testing::SnpWorld;
using testing::TdxMachine;

const ReportData kReportData = Sha512(AsBytes("transcript"));

void PutU32(uint8_t* at, uint32_t value) { std::memcpy(at, &value, sizeof(value)); }

// drivers/virt/coco/sev-guest/sev-guest.c.
struct SevGuestDriver {
  SnpWorld world;
  Bytes table = Bytes(64, 0);  // as the host gives it; more than fits is INVALID_LEN
  uint32_t lowest_level = 0;
  uint32_t status = 0;  // of the firmware
  int error = 0;
  int calls = 0;
  std::vector<unsigned long> requests;

  int Call(unsigned long request, void* argument) {
    ++calls;
    requests.push_back(request);
    auto& call = *static_cast<snp_guest_request_ioctl*>(argument);
    call.exitinfo2 = 0;
    if (call.msg_version == 0) return EINVAL;
    if (error != 0) return error;
    const auto& asked = *reinterpret_cast<const snp_ext_report_req*>(call.req_data);
    if (request == SNP_GET_EXT_REPORT) {
      if (asked.certs_len % 4096 != 0 || asked.certs_len > 0x4000) return EINVAL;
      if (table.size() > asked.certs_len) {
        call.vmm_error = SNP_GUEST_VMM_ERR_INVALID_LEN;
        return EIO;
      }
      std::memcpy(reinterpret_cast<void*>(asked.certs_address), table.data(), table.size());
    } else if (request != SNP_GET_REPORT) {
      return ENOTTY;
    }
    auto& response = *reinterpret_cast<snp_report_resp*>(call.resp_data);
    PutU32(response.data, asked.data.vmpl < lowest_level ? 0x16 : status);
    PutU32(response.data + 4, kSnpReportSize);
    world.Put(testing::snp_offset::kReportData, ByteView(asked.data.user_data));
    world.report()[testing::snp_offset::kVmpl] = static_cast<uint8_t>(asked.data.vmpl);
    const Bytes report = world.SignedReport();
    std::copy(report.begin(), report.end(), response.data + 32);
    return 0;
  }
  SevGuestReports Reports() {
    return SevGuestReports(
        [this](unsigned long request, void* argument) { return Call(request, argument); });
  }
};

TEST(SevGuestReports, ReportWithTheHostsCertificates) {
  SevGuestDriver driver;
  driver.table[0] = 0xAB;
  SevGuestReports reports = driver.Reports();
  ASSERT_OK_AND_ASSIGN(const HardwareReport out, reports.Collect({.report_data = kReportData}));
  EXPECT_EQ(out.provider, kSnpProvider);
  ASSERT_OK_AND_ASSIGN(const SnpReport report, ParseSnpReport(out.report));
  EXPECT_TRUE(Equal(report.report_data, kReportData));
  EXPECT_EQ(report.vmpl, 0u);
  EXPECT_EQ(out.auxiliary.size(), 0x4000u);
  EXPECT_EQ(out.auxiliary[0], 0xAB);
  EXPECT_EQ(driver.calls, 1);
}

TEST(SevGuestReports, HostWithoutCertificatesGivesAnEmptyTable) {
  SevGuestDriver driver;
  SevGuestReports reports = driver.Reports();
  ASSERT_OK_AND_ASSIGN(const HardwareReport out, reports.Collect({.report_data = kReportData}));
  ASSERT_OK_AND_ASSIGN(const SnpCertTable table, ParseSnpCertTable(out.auxiliary));
  EXPECT_THAT(table.vcek, ::testing::IsEmpty());
}

TEST(SevGuestReports, CertificatesThatDoNotFitAreLeftOut) {
  SevGuestDriver driver;
  driver.table.resize(0x4001);
  SevGuestReports reports = driver.Reports();
  ASSERT_OK_AND_ASSIGN(const HardwareReport out, reports.Collect({.report_data = kReportData}));
  EXPECT_THAT(out.auxiliary, ::testing::IsEmpty());
  EXPECT_EQ(out.report.size(), kSnpReportSize);
  EXPECT_THAT(driver.requests, ::testing::ElementsAre(SNP_GET_EXT_REPORT, SNP_GET_REPORT));
}

TEST(SevGuestReports, FindsTheLowestLevelThatItMayAskFor) {
  SevGuestDriver driver;
  driver.lowest_level = 2;
  SevGuestReports reports = driver.Reports();
  ASSERT_OK_AND_ASSIGN(const HardwareReport out, reports.Collect({.report_data = kReportData}));
  ASSERT_OK_AND_ASSIGN(const SnpReport report, ParseSnpReport(out.report));
  EXPECT_EQ(report.vmpl, 2u);
  EXPECT_THAT(reports.Collect({.report_data = kReportData, .privilege_level = 1}),
              HasFault("TSM_LEVEL"));
  driver.lowest_level = 4;
  driver.calls = 0;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("TSM_LEVEL"));
  EXPECT_EQ(driver.calls, 4);
}

TEST(SevGuestReports, ErrorsSayWhatToDo) {
  SevGuestDriver driver;
  SevGuestReports reports = driver.Reports();
  driver.error = ENOTTY;
  const auto lost = reports.Collect({.report_data = kReportData});
  EXPECT_THAT(lost, HasFault("TSM_KEY_LOST"));
  EXPECT_EQ(GetFault(lost.status())->advice, Advice::kReboot);
  driver.error = EBUSY;
  EXPECT_TRUE(IsRetryable(reports.Collect({.report_data = kReportData}).status()));
  driver.error = EIO;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("TSM_REFUSED"));
  driver.error = 0;
  driver.status = 0x27;
  const auto no_key = reports.Collect({.report_data = kReportData});
  EXPECT_THAT(no_key, HasFault("TSM_REFUSED"));
  EXPECT_THAT(MessageOf(no_key.status()), HasSubstr("VCEK or VLEK"));
  EXPECT_THAT(reports.Collect({.report_data = kReportData, .service = ReportService{}}),
              HasFault("TSM_UNSUPPORTED"));
}

TEST(SevGuestReports, ResponseIsBounded) {
  Bytes response(4000, 0);
  PutU32(response.data() + 4, kSnpReportSize);
  EXPECT_OK(ParseSnpReportResponse(response));
  EXPECT_OK(ParseSnpReportResponse(ByteView(response).first(32 + kSnpReportSize)));
  EXPECT_THAT(ParseSnpReportResponse(ByteView(response).first(32 + kSnpReportSize - 1)),
              HasFault("MALFORMED"));
  PutU32(response.data() + 4, kSnpReportSize + 1);
  EXPECT_THAT(ParseSnpReportResponse(response), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpReportResponse({}), HasFault("MALFORMED"));
}

// drivers/virt/coco/tdx-guest/tdx-guest.c, and a host that quotes what it is given.
struct TdxHost {
  TdxMachine machine{4, false};
  int error = 0;
  uint32_t service_error = 0;
  bool quotes_another = false;

  int Call(unsigned long request, void* argument) const {
    struct Argument {
      uint8_t report_data[64];
      uint8_t td_report[1024];
    };
    if (request != _IOWR('T', 1, Argument)) return ENOTTY;
    if (error != 0) return error;
    auto& call = *static_cast<Argument*>(argument);
    std::memset(call.td_report, 0, sizeof(call.td_report));
    std::memcpy(call.td_report + 128, call.report_data, sizeof(call.report_data));
    return 0;
  }

  StatusOr<Bytes> Answer(ByteView request) {
    EXPECT_EQ(request.size(), 24u + 1024u);
    const ByteView report = request.subspan(24);
    std::copy_n(report.begin() + 128, 64, machine.quote.body.report_data.begin());
    if (quotes_another) machine.quote.body.report_data[63] ^= 1;
    const Bytes quote = machine.Quote();
    Bytes out(24 + quote.size(), 0);
    out[0] = 1;
    PutU32(out.data() + 4, 1);
    PutU32(out.data() + 8, static_cast<uint32_t>(out.size()));
    PutU32(out.data() + 12, service_error);
    PutU32(out.data() + 20, static_cast<uint32_t>(quote.size()));
    std::copy(quote.begin(), quote.end(), out.begin() + 24);
    return out;
  }
  TdxGuestReports Reports() {
    return TdxGuestReports(
        [this](unsigned long request, void* argument) { return Call(request, argument); },
        [this](ByteView request) { return Answer(request); });
  }
};

TEST(TdxGuestReports, QuoteAboutTheReportData) {
  TdxHost host;
  TdxGuestReports reports = host.Reports();
  ASSERT_OK_AND_ASSIGN(const HardwareReport out, reports.Collect({.report_data = kReportData}));
  EXPECT_EQ(out.provider, kTdxProvider);
  ASSERT_OK_AND_ASSIGN(const TdxQuote quote, ParseTdxQuote(out.report));
  EXPECT_TRUE(Equal(quote.body.report_data, kReportData));
  ASSERT_OK_AND_ASSIGN(const Bytes report, reports.TdReport(kReportData));
  EXPECT_EQ(report.size(), 1024u);
}

TEST(TdxGuestReports, ErrorsSayWhatToDo) {
  TdxHost host;
  TdxGuestReports reports = host.Reports();
  host.quotes_another = true;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("QUOTE_MISMATCH"));
  host.service_error = 0x12001;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("QUOTE_REFUSED"));
  host.error = EIO;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("TSM_REFUSED"));
  host.error = EINTR;
  EXPECT_THAT(reports.Collect({.report_data = kReportData}), HasFault("TSM_BUSY"));
  EXPECT_THAT(reports.Collect({.report_data = kReportData, .privilege_level = 0}),
              HasFault("TSM_UNSUPPORTED"));
}

TEST(QgsMessage, EveryCutAndEveryLieIsMalformed) {
  TdxHost host;
  ASSERT_OK_AND_ASSIGN(const Bytes good, host.Answer(QgsQuoteRequest(Bytes(1024, 0))));
  ASSERT_OK(ParseQgsQuoteResponse(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseQgsQuoteResponse(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  for (const size_t at : std::initializer_list<size_t>{
           0, 4, 8, 16, 20}) {  // major, type, size, size of the id, of the quote
    Bytes changed = good;
    changed[at] ^= 1;
    EXPECT_THAT(ParseQgsQuoteResponse(changed), HasFault("MALFORMED")) << at;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(ParseQgsQuoteResponse(longer), HasFault("MALFORMED"));
  PutU32(longer.data() + 8, static_cast<uint32_t>(longer.size()));
  EXPECT_THAT(ParseQgsQuoteResponse(longer), HasFault("MALFORMED"));
}

class QuoteServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_), 0); }
  void TearDown() override {
    if (host_.joinable()) host_.join();
    close(sockets_[0]);
    close(sockets_[1]);
  }
  // Reads the request, then writes `answer` a few bytes at a time.
  void Serve(Bytes answer) {
    host_ = std::thread([this, answer = std::move(answer)] {
      Bytes request(4 + 7);
      ASSERT_EQ(recv(sockets_[1], request.data(), request.size(), MSG_WAITALL), 11);
      EXPECT_EQ(request, Lp({AsBytes("request")}));
      for (size_t at = 0; at < answer.size(); at += 3) {
        const size_t size = std::min<size_t>(3, answer.size() - at);
        ASSERT_EQ(send(sockets_[1], answer.data() + at, size, MSG_NOSIGNAL),
                  static_cast<ssize_t>(size));
      }
      shutdown(sockets_[1], SHUT_WR);
    });
  }
  StatusOr<Bytes> Exchange(absl::Duration timeout = absl::Seconds(20)) {
    return ExchangeWithQuoteService(sockets_[0], AsBytes("request"), timeout);
  }

  int sockets_[2] = {-1, -1};
  std::thread host_;
};

TEST_F(QuoteServiceTest, OneRequestOneResponse) {
  Serve(Lp({AsBytes("response")}));
  ASSERT_OK_AND_ASSIGN(const Bytes response, Exchange());
  EXPECT_EQ(response, ToBytes("response"));
}

TEST_F(QuoteServiceTest, CutOffResponseIsRetryable) {
  Bytes answer = Lp({AsBytes("response")});
  answer.pop_back();
  Serve(answer);
  const auto out = Exchange();
  EXPECT_THAT(out, HasFault("QUOTE_SERVICE"));
  EXPECT_TRUE(IsRetryable(out.status()));
}

TEST_F(QuoteServiceTest, OversizedResponseIsNotRead) {
  Serve({0x00, 0x00, 0x80, 0x01});
  EXPECT_THAT(Exchange(), HasFault("MALFORMED"));
}

TEST_F(QuoteServiceTest, SilentServiceIsGivenUp) {
  EXPECT_THAT(Exchange(absl::Milliseconds(20)), HasFault("QUOTE_SERVICE"));
}

TEST(GuestDevice, MissingDeviceIsSaid) {
  const auto device = OpenGuestDevice(::testing::TempDir() + "no-such-device");
  EXPECT_THAT(device, HasFault("TSM_NOT_AVAILABLE"));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("no-such-device"));
}

}  // namespace
}  // namespace kedge
