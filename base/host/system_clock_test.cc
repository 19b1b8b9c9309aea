#include "base/host/system_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

namespace kedge {
namespace {

// The time of the program's own file, which image/build sets to that of the sources.
TEST(ImageBuildTime, IsThatOfTheProgramsFile) {
  const auto written = std::filesystem::last_write_time("/proc/self/exe");
  EXPECT_EQ(ImageBuildTime(), absl::FromChrono(std::chrono::file_clock::to_sys(written)));
}

}  // namespace
}  // namespace kedge
