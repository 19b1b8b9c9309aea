// kedge disk: what is shown of a header, whose it is, and copies of it.
#include "cli/testing/cli_test.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/testing/header_builder.h"

namespace kedge::cli {
namespace {

using kedge::testing::GoodJsonOfFormat3;
using kedge::testing::HeaderRegion;
using kedge::testing::kDiskBytes;

class DiskCommandTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    region_ = HeaderRegion(GoodJsonOfFormat3());
    digest_ = ToHex(HeaderDigest(ParseHeader(region_, kDiskBytes).value()));
    disk_ = MakeDisk("disk", region_);
  }
  // An image of a whole disk that begins with `start`.
  std::string MakeDisk(const std::string& name, const Bytes& start) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(start.data()),
               static_cast<std::streamsize>(start.size()));
    std::filesystem::resize_file(path, kDiskBytes);
    return path;
  }
  Bytes StartOf(const std::string& path, size_t size = kLuksHeaderRegionBytes) {
    std::ifstream in(path, std::ios::binary);
    Bytes out(size);
    in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(size));
    return out;
  }
  Ended Disk(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "disk");
    return Kedge(std::move(arguments));
  }

  Bytes region_;
  std::string digest_;
  std::string disk_;
};

TEST_F(DiskCommandTest, InspectShowsTheHeaderAndThatItsMacWasNotChecked) {
  const Ended text = Disk({"inspect", disk_});
  ASSERT_EQ(text.code, ExitCode::kGood) << text.err;
  for (const std::string& part :
       {digest_, std::string("header format 3"), std::string("disk counter    7"),
        std::string("17aa7ebd-56a7-4afa-9017-250f0714f63f"), std::string("extent that grows"),
        std::string("MAC was not checked"), std::string("found by nobody")}) {
    EXPECT_THAT(text.out, ::testing::HasSubstr(part));
  }
  const Ended json = Disk({"inspect", disk_, "--json"});
  const auto document = nlohmann::json::parse(json.out);
  EXPECT_EQ(document["content"], "luks2");
  EXPECT_EQ(document["header_digest"], digest_);
  EXPECT_EQ(document["disk_counter"], 7);
  EXPECT_EQ(document["data_bytes"], 96736 * 512);
  EXPECT_EQ(document["mac_checked"], false);
}

TEST_F(DiskCommandTest, InspectSaysWhatIsNoHeader) {
  const Ended blank = Disk({"inspect", MakeDisk("blank", {}), "--json"});
  EXPECT_EQ(nlohmann::json::parse(blank.out)["content"], "blank");
  Bytes changed = region_;
  changed[kLuksUuid.offset] ^= 1;
  const Ended foreign = Disk({"inspect", MakeDisk("foreign", changed)});
  EXPECT_EQ(foreign.code, ExitCode::kGood);
  EXPECT_THAT(foreign.out, ::testing::HasSubstr("foreign: "));
  EXPECT_EQ(Disk({"inspect", folder_ + "/absent"}).code, ExitCode::kMalformed);
}

TEST_F(DiskCommandTest, ShowsACutOffAdvance) {
  const Bytes advanced =
      WithToken(region_, kDiskBytes, {.disk_counter = 8, .data_sectors = 96736}, 5).value();
  Bytes between = region_;
  std::copy_n(advanced.begin(), kLuksCopyBytes, between.begin());
  const Ended ended = Disk({"inspect", MakeDisk("between", between)});
  EXPECT_THAT(ended.out, ::testing::HasSubstr("disk counter    8"));
  EXPECT_THAT(ended.out, ::testing::HasSubstr("an advance was cut off"));
}

TEST_F(DiskCommandTest, VerifyKnowsTheDiskByItsDigest) {
  EXPECT_EQ(Disk({"verify", disk_, "--digest", digest_}).code, ExitCode::kGood);
  EXPECT_EQ(Disk({"verify", disk_, "--digest", digest_.substr(0, 16)}).code, ExitCode::kGood);
  const Ended other = Disk({"verify", disk_, "--digest", std::string(64, 'a'), "--json"});
  EXPECT_EQ(other.code, ExitCode::kRefused);
  EXPECT_THAT(other.err, ::testing::HasSubstr("OTHER_DISK"));
  EXPECT_EQ(nlohmann::json::parse(other.out)["matches"], false);
  EXPECT_THAT(Disk({"verify", MakeDisk("blank", {}), "--digest", digest_}).err,
              ::testing::HasSubstr("DISK_BLANK"));
  for (const char* digest : {"", "xy", "abcd"}) {
    EXPECT_EQ(Disk({"verify", disk_, "--digest", digest}).code, ExitCode::kMalformed) << digest;
  }
}

TEST_F(DiskCommandTest, CopyOfAHeaderIsShownAndPutBack) {
  const std::string copy = folder_ + "/header";
  ASSERT_EQ(Disk({"backup-header", disk_, copy}).code, ExitCode::kGood);
  EXPECT_EQ(std::filesystem::file_size(copy), kLuksHeaderRegionBytes);
  struct stat status {};
  ASSERT_EQ(stat(copy.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(Disk({"verify", copy, "--digest", digest_}).code, ExitCode::kGood);
  EXPECT_EQ(Disk({"backup-header", disk_, copy}).code, ExitCode::kMalformed) << "never overwritten";

  Bytes destroyed = region_;
  std::fill_n(destroyed.begin(), 8192, uint8_t{0x55});
  const std::string disk = MakeDisk("destroyed", destroyed);
  const Ended restored = Disk({"restore-header", copy, disk});
  ASSERT_EQ(restored.code, ExitCode::kGood) << restored.err;
  EXPECT_THAT(restored.out, ::testing::HasSubstr("STALE_DISK"));
  EXPECT_EQ(StartOf(disk), region_);
  EXPECT_EQ(std::filesystem::file_size(disk), kDiskBytes);
}

TEST_F(DiskCommandTest, WholeHeaderIsNeverReplaced) {
  const std::string copy = folder_ + "/header";
  ASSERT_EQ(Disk({"backup-header", disk_, copy}).code, ExitCode::kGood);
  const Bytes newer =
      WithToken(region_, kDiskBytes, {.disk_counter = 9, .data_sectors = 96736}, 5).value();
  const std::string disk = MakeDisk("newer", newer);
  const Ended ended = Disk({"restore-header", copy, disk});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_THAT(ended.err, ::testing::HasSubstr("DISK_HAS_HEADER"));
  EXPECT_EQ(StartOf(disk), newer);
}

TEST_F(DiskCommandTest, OnlyAnAcceptedHeaderThatFitsIsWritten) {
  Bytes changed = region_;
  changed[kLuksCopyBytes + kLuksUuid.offset] ^= 1;
  changed[kLuksUuid.offset] ^= 1;
  const std::string hostile = folder_ + "/hostile";
  std::ofstream(hostile, std::ios::binary)
      .write(reinterpret_cast<const char*>(changed.data()),
             static_cast<std::streamsize>(changed.size()));
  const std::string blank = MakeDisk("blank", {});
  EXPECT_THAT(Disk({"restore-header", hostile, blank}).err,
              ::testing::HasSubstr("HEADER_NOT_ACCEPTED"));
  const std::string copy = folder_ + "/header";
  ASSERT_EQ(Disk({"backup-header", disk_, copy}).code, ExitCode::kGood);
  std::filesystem::resize_file(blank, kStateDiskMinBytes);
  EXPECT_THAT(Disk({"restore-header", copy, blank}).err,
              ::testing::HasSubstr("HEADER_NOT_ACCEPTED"));
  EXPECT_EQ(StartOf(blank), Bytes(kLuksHeaderRegionBytes, 0));
}

}  // namespace
}  // namespace kedge::cli
