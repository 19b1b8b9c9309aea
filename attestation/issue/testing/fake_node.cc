#include "attestation/issue/testing/fake_node.h"

#include "attestation/parse/kedge_log.h"

namespace kedge::testing {
namespace {

constexpr PcrIndex kImagePcrs[] = {4, 9, 11};

std::string Part(const std::string& image, PcrIndex pcr) {
  return image + " measured into PCR " + std::to_string(pcr);
}

Bytes Extended(ByteView before, std::string_view data) {
  return ExtendedPcr(PcrBank::kSha256, before, AsBytes(data));
}

}  // namespace

ReferenceValues TestImage(const std::string& name) {
  ReferenceValues image;
  image.image_name = name;
  image.image_version = "1";
  image.roles = {"control-plane", "worker"};
  const Bytes zero = ZeroPcr(PcrBank::kSha256);
  image.pcrs = {{4, Extended(zero, Part(name, 4))},
                {9, Extended(zero, Part(name, 9))},
                {12, zero},
                {13, zero}};
  Bytes boot = Extended(zero, Part(name, 11));
  for (const char* phase : {"enter-initrd", "leave-initrd", "sysinit", "ready"}) {
    boot = Extended(boot, phase);
    image.pcr11_phases.emplace_back(phase, boot);
  }
  return image;
}

FakeNode::FakeNode(const TestTpmCa& ca, FakeTpmOptions options)
    : tpm_(ca, std::move(options)),
      issuer_(tpm_, {[] { return Bytes(); }, [this] { return EncodedLog(); }}) {
  Boot();
}

void FakeNode::Boot(const std::string& image) {
  tpm_.Reset();
  log_.Clear();
  for (PcrIndex pcr = 0; pcr < 8; ++pcr) {
    if (pcr != 4) tpm_.ExtendData(pcr, AsBytes("firmware"));
  }
  for (PcrIndex pcr : kImagePcrs) tpm_.ExtendData(pcr, AsBytes(Part(image, pcr)));
  EnterPhase("enter-initrd");
}

StatusOr<Bytes> FakeNode::EncodedLog() {
  ASSIGN_OR_RETURN(const std::vector<PcrBank> banks, tpm_.ActiveBanks());
  Bytes out;
  for (const MeasuredEvent& event : log_.events()) {
    const Bytes record = EncodeKedgeLogRecord(MakeKedgeLogRecord(event, banks));
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

}  // namespace kedge::testing
