#include "base/host/files.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/status_matchers.h"

namespace kedge {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/files.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  std::set<std::string> Entries() const {
    std::set<std::string> names;
    DIR* const dir = opendir(folder_.c_str());
    while (const dirent* const entry = readdir(dir)) names.insert(entry->d_name);
    closedir(dir);
    names.erase(".");
    names.erase("..");
    return names;
  }
  std::string folder_;
};

TEST_F(FilesTest, WhatIsWrittenIsRead) {
  const std::string path = folder_ + "/a";
  ASSERT_OK(WriteFileAtomically(path, AsBytes("first, longer content"), 0644));
  ASSERT_OK(WriteFileAtomically(path, AsBytes("second"), 0600));
  ASSERT_OK_AND_ASSIGN(const Bytes read, ReadFileBounded(path, 6));
  EXPECT_EQ(AsText(read), "second");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Entries(), std::set<std::string>{"a"}) << "no temporary file stays behind";
}

TEST_F(FilesTest, FailedWriteKeepsTheOldFileAndLeavesNothing) {
  // A folder in the place of the file: the rename fails.
  ASSERT_OK(MakeFolders(folder_ + "/target/inside", 0700));
  EXPECT_THAT(WriteFileAtomically(folder_ + "/target", AsBytes("x"), 0600), testing::Not(IsOk()));
  EXPECT_EQ(Entries(), std::set<std::string>{"target"});
}

TEST_F(FilesTest, CreatingNeverReplaces) {
  const std::string path = folder_ + "/key";
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, SecretBytes::CopyOf(AsBytes("first")));
  ASSERT_OK(CreateSecretFileAtomically(path, secret, 0600));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(CreateFileAtomically(path, AsBytes("second"), 0600),
              HasCode(StatusCode::kAlreadyExists));
  EXPECT_EQ(AsText(ReadFileBounded(path, 10).value()), "first");
  ASSERT_EQ(symlink("nowhere", (folder_ + "/link").c_str()), 0);
  EXPECT_THAT(CreateFileAtomically(folder_ + "/link", AsBytes("x"), 0600),
              HasCode(StatusCode::kAlreadyExists))
      << "a dangling link is not followed";
  EXPECT_EQ(Entries(), (std::set<std::string>{"key", "link"}));
}

TEST_F(FilesTest, ReadIsBounded) {
  const std::string path = folder_ + "/big";
  ASSERT_OK(WriteFileAtomically(path, Bytes(10'000, 7), 0600));
  EXPECT_THAT(ReadFileBounded(path, 9'999), HasFault("FILE_TOO_LARGE"));
  ASSERT_OK_AND_ASSIGN(const Bytes read, ReadFileBounded(path, 10'000));
  EXPECT_EQ(read.size(), 10'000u);
}

TEST_F(FilesTest, EndlessFileIsBounded) {
  EXPECT_THAT(ReadFileBounded("/dev/zero", 70'000), HasFault("FILE_TOO_LARGE"));
}

TEST_F(FilesTest, MissingFileIsNotFound) {
  EXPECT_THAT(ReadFileBounded(folder_ + "/none", 10), HasCode(StatusCode::kNotFound));
}

TEST_F(FilesTest, SecretFileRoundTrip) {
  const std::string path = folder_ + "/key";
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, SecretBytes::CopyOf(Bytes(5'000, 9)));
  ASSERT_OK(WriteSecretFileAtomically(path, secret, 0600));
  ASSERT_OK_AND_ASSIGN(const SecretBytes read, ReadSecretFile(path, 8'192));
  EXPECT_TRUE(read.EqualsConstantTime(secret));
  EXPECT_THAT(ReadSecretFile(path, 4'999), HasFault("FILE_TOO_LARGE"));
}

TEST_F(FilesTest, EmptySecretFileIsAnError) {
  ASSERT_OK(WriteFileAtomically(folder_ + "/empty", {}, 0600));
  EXPECT_THAT(ReadSecretFile(folder_ + "/empty", 10), HasCode(StatusCode::kFailedPrecondition));
}

TEST_F(FilesTest, FoldersAreMadeOnceAndKept) {
  ASSERT_OK(MakeFolders(folder_ + "/x/y/z", 0700));
  ASSERT_OK(MakeFolders(folder_ + "/x/y/z", 0700));
  struct stat info {};
  ASSERT_EQ(stat((folder_ + "/x/y/z").c_str(), &info), 0);
  EXPECT_TRUE(S_ISDIR(info.st_mode));
}

}  // namespace
}  // namespace kedge
