#include "bootstrapper/host/node_machine.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "bootstrapper/core/smbios.h"
#include "proto/wire/invitation.h"

namespace kedge {
namespace {

class NodeMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/machine.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    sources_ = {.fw_cfg = folder_ + "/fw_cfg", .dmi_entries = folder_ + "/dmi"};
  }
  void WriteOemString(int index, const std::string& text) {
    Bytes structure = {11, 5, 0, 0, 1};
    structure.insert(structure.end(), text.begin(), text.end());
    structure.insert(structure.end(), {0, 0});
    const std::string entry = sources_.dmi_entries + "/11-" + std::to_string(index);
    ASSERT_OK(MakeFolders(entry, 0700));
    ASSERT_OK(WriteFileAtomically(entry + "/raw", structure, 0600));
  }
  std::string folder_;
  InvitationSources sources_;
};

TEST_F(NodeMachineTest, FwCfgComesFirst) {
  ASSERT_OK(WriteFileAtomically(sources_.fw_cfg, AsBytes("from fw_cfg"), 0600));
  WriteOemString(0, "kedge.invitation=aGVsbG8=");
  ASSERT_OK_AND_ASSIGN(const Bytes read, NodeMachine(sources_).ReadInvitation());
  EXPECT_EQ(AsText(read), "from fw_cfg");
}

TEST_F(NodeMachineTest, SmbiosIsTheFallback) {
  WriteOemString(0, "something else");
  WriteOemString(1, "kedge.invitation=aGVsbG8=");
  ASSERT_OK_AND_ASSIGN(const Bytes read, NodeMachine(sources_).ReadInvitation());
  EXPECT_EQ(AsText(read), "hello");
}

TEST_F(NodeMachineTest, NoneIsNamed) {
  EXPECT_THAT(NodeMachine(sources_).ReadInvitation(), HasFault("NO_INVITATION"));
}

TEST_F(NodeMachineTest, HugeOneIsRefused) {
  ASSERT_OK(WriteFileAtomically(sources_.fw_cfg, Bytes(kMaxInvitationSize + 1, 'x'), 0600));
  EXPECT_THAT(NodeMachine(sources_).ReadInvitation(), HasFault("FILE_TOO_LARGE"));
}

TEST_F(NodeMachineTest, OwnerSignedInvitationIsRead) {
  ASSERT_OK_AND_ASSIGN(const SigningKey owner, SigningKey::Generate(Curve::kP384));
  wire::Invitation made;
  made.node = "node-1";
  made.role = "control-plane";
  made.address = "192.168.77.11/24";
  made.issue_time = absl::FromUnixSeconds(1'760'000'000);
  ASSERT_OK_AND_ASSIGN(const std::string file, wire::MakeInvitation(made, owner));
  ASSERT_OK_AND_ASSIGN(const Invitation read,
                       NodeMachine(sources_).VerifyInvitation(AsBytes(file)));
  EXPECT_EQ(read.node, "node-1");
  EXPECT_EQ(read.role, kControlPlane);
  EXPECT_EQ(read.address, "192.168.77.11/24");
  EXPECT_EQ(read.issue_time, made.issue_time);
  EXPECT_TRUE(read.IsFirstNode());

  std::string tampered = file;
  tampered[tampered.size() / 2] ^= 1;
  EXPECT_THAT(NodeMachine(sources_).VerifyInvitation(AsBytes(tampered)), testing::Not(IsOk()));
}

TEST_F(NodeMachineTest, BootIdIsOneLine) {
  ASSERT_OK_AND_ASSIGN(const std::string id, NodeMachine(sources_).BootId());
  EXPECT_EQ(id.size(), 36u);
}

TEST_F(NodeMachineTest, FilesAreForRootOnly) {
  RootFolder root(folder_ + "/run");
  ASSERT_OK_AND_ASSIGN(const auto none, root.Read("a", 10));
  EXPECT_EQ(none, std::nullopt);
  ASSERT_OK(root.Write("pki/node.crt", AsBytes("x")));
  struct stat info {};
  ASSERT_EQ(stat((folder_ + "/run/pki/node.crt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder_ + "/run/pki").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_OK_AND_ASSIGN(const auto read, root.Read("pki/node.crt", 10));
  EXPECT_EQ(AsText(*read), "x");
}

TEST_F(NodeMachineTest, NothingIsWrittenWhereNoDiskIsMounted) {
  ASSERT_OK(MakeFolders(folder_ + "/state", 0700));
  MountedFolder state(folder_ + "/state");
  ASSERT_OK_AND_ASSIGN(const bool mounted, state.Mounted());
  EXPECT_FALSE(mounted);
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::CopyOf(AsBytes("key")));
  EXPECT_THAT(state.WriteSecret("pki/node.key", key), HasCode(StatusCode::kFailedPrecondition));
  struct stat info {};
  EXPECT_NE(stat((folder_ + "/state/pki").c_str(), &info), 0);
  MountedFolder missing(folder_ + "/missing");
  ASSERT_OK_AND_ASSIGN(const bool missing_mounted, missing.Mounted());
  EXPECT_FALSE(missing_mounted);
}

TEST_F(NodeMachineTest, MountPointIsRecognised) {
  MountedFolder proc("/proc");
  ASSERT_OK_AND_ASSIGN(const bool mounted, proc.Mounted());
  EXPECT_TRUE(mounted);
}

TEST_F(NodeMachineTest, NetworkFileIsThereEvenIfNobodyAnswers) {
  NetworkdNetwork network(UnitManager(folder_ + "/no-manager"), folder_ + "/network");
  EXPECT_THAT(network.Configure("[Match]\n"), HasCode(StatusCode::kUnavailable));
  ASSERT_OK_AND_ASSIGN(const Bytes read,
                       ReadFileBounded(folder_ + "/network/10-kedge.network", 100));
  EXPECT_EQ(AsText(read), "[Match]\n");
}

}  // namespace
}  // namespace kedge
