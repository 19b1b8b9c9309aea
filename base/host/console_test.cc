#include "base/host/console.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/host/files.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(Console, AppendsOneLineACall) {
  const std::string path = testing::TempDir() + "/console";
  ASSERT_OK(WriteFileAtomically(path, {}, 0600));
  const Console console(path);
  console.Line("kedge: one");
  console.Line("kedge: two");
  ASSERT_OK_AND_ASSIGN(const Bytes written, ReadFileBounded(path, 100));
  EXPECT_EQ(AsText(written), "kedge: one\nkedge: two\n");
}

TEST(Console, MissingDeviceIsIgnored) { Console("/nonexistent/console").Line("kedge: lost"); }

}  // namespace
}  // namespace kedge
