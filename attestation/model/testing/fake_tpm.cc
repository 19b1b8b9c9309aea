#include "attestation/model/testing/fake_tpm.h"

#include <algorithm>

#include "attestation/model/testing/tpm_wire.h"
#include "crypto/digest.h"
#include "crypto/ecdh.h"

namespace kedge::testing {
namespace {

constexpr PcrIndex kPcrCount = 24;

Status DeviceGone() {
  return MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry,
                   "the test TPM was told to fail");
}

Status CounterUnusable() {
  return MakeFault(StatusCode::kFailedPrecondition, "TPM_COUNTER_UNUSABLE", Advice::kAskOperator,
                   "the index holds something else");
}

}  // namespace

FakeTpm::FakeTpm(const TestTpmCa& ca, FakeTpmOptions options)
    : active_(std::move(options.banks)),
      ak_(*SigningKey::Generate(Curve::kP256)),
      ek_(options.ek),
      ek_certificate_(ca.IssueEkCertificate(ek_.Spki())) {
  const EcPoint point = PointOf(ak_.public_key());
  ak_public_ = EncodeAkPublic(point.x, point.y);
  Reset();
}

void FakeTpm::Reset() {
  const std::lock_guard lock(mutex_);
  for (PcrBank bank : active_) {
    for (PcrIndex pcr = 0; pcr < kPcrCount; ++pcr) {
      banks_[bank][pcr] = pcr >= 17 && pcr <= 22 ? Bytes(DigestSize(bank), 0xFF) : ZeroPcr(bank);
    }
  }
  ++reset_count_;
  extends_ = 0;
}

Status FakeTpm::Spend() {
  if (!calls_left_) return absl::OkStatus();
  if (*calls_left_ == 0) return DeviceGone();
  --*calls_left_;
  return absl::OkStatus();
}

void FakeTpm::ExtendLocked(PcrBank bank, PcrIndex pcr, ByteView data) {
  Bytes& value = banks_.at(bank).at(pcr);
  value = ExtendedPcr(bank, value, data);
}

void FakeTpm::ExtendData(PcrIndex pcr, ByteView data) {
  const std::lock_guard lock(mutex_);
  for (PcrBank bank : active_) ExtendLocked(bank, pcr, data);
}

void FakeTpm::ExtendDataInBank(PcrBank bank, PcrIndex pcr, ByteView data) {
  const std::lock_guard lock(mutex_);
  ExtendLocked(bank, pcr, data);
}

void FakeTpm::FailAfter(int calls) {
  const std::lock_guard lock(mutex_);
  calls_left_ = calls;
}

void FakeTpm::LoseNextExtendAnswer() {
  const std::lock_guard lock(mutex_);
  lose_next_extend_answer_ = true;
}

void FakeTpm::Heal() {
  const std::lock_guard lock(mutex_);
  calls_left_.reset();
  lose_next_extend_answer_ = false;
}

int FakeTpm::extends() const {
  const std::lock_guard lock(mutex_);
  return extends_;
}

StatusOr<std::vector<PcrBank>> FakeTpm::ActiveBanks() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  return active_;
}

StatusOr<PcrValues> FakeTpm::ReadLocked(PcrBank bank, const std::vector<PcrIndex>& indices) const {
  const auto found = banks_.find(bank);
  if (found == banks_.end()) {
    return FailedPrecondition("PCR bank " + std::string(ToString(bank)) + " is not active");
  }
  PcrValues out;
  for (PcrIndex index : indices) {
    if (index >= kPcrCount) return MakeError(StatusCode::kInvalidArgument, "no such PCR");
    out[index] = found->second.at(index);
  }
  return out;
}

StatusOr<PcrValues> FakeTpm::ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  return ReadLocked(bank, indices);
}

Status FakeTpm::Extend(const MeasuredEvent& event) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  if (event.pcr > 16) {
    return MakeError(StatusCode::kPermissionDenied, "locality 0 may not extend this PCR");
  }
  for (PcrBank bank : active_) ExtendLocked(bank, event.pcr, event.content);
  ++extends_;
  if (std::exchange(lose_next_extend_answer_, false)) return DeviceGone();
  return absl::OkStatus();
}

StatusOr<Bytes> FakeTpm::AttestationKeyPublic() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  return ak_public_;
}

StatusOr<TpmQuote> FakeTpm::Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                                  const ReportData& extra_data) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  ASSIGN_OR_RETURN(PcrValues pcrs, ReadLocked(bank, indices));
  QuoteAttest attest;
  attest.extra_data = ToBytes(ByteView(extra_data));
  attest.clock = clock_++;
  attest.reset_count = reset_count_;
  attest.bank = static_cast<uint16_t>(bank);
  attest.selection = indices;
  attest.pcr_digest = PcrDigestOf(pcrs);
  Bytes quoted = EncodeQuoteAttest(attest);
  ASSIGN_OR_RETURN(const Bytes der, ak_.Sign(quoted));
  return TpmQuote{std::move(quoted), EncodeEcdsaSignatureFromDer(0x000B, der), std::move(pcrs)};
}

StatusOr<EndorsementKey> FakeTpm::Endorsement() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  return EndorsementKey{ek_.public_area(), ek_certificate_};
}

StatusOr<SecretBytes> FakeTpm::ActivateCredential(const CredentialBlob& blob) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  Bytes name = {0x00, 0x0B};
  const Sha256Digest digest = Sha256(ak_public_);
  name.insert(name.end(), digest.begin(), digest.end());
  return ek_.Activate(blob, name);
}

StatusOr<Bytes> FakeTpm::AttestationKeyCertificate() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  return Bytes();
}

StatusOr<Bytes> FakeTpm::ReadNv(uint32_t index) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  const auto found = nv_.find(index);
  return found == nv_.end() ? Bytes() : found->second;
}

void FakeTpm::SetNv(uint32_t index, Bytes content) {
  const std::lock_guard lock(mutex_);
  nv_[index] = std::move(content);
}

StatusOr<std::optional<uint64_t>> FakeTpm::ReadCounter() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  if (counter_occupied_) return CounterUnusable();
  return counter_;
}

StatusOr<uint64_t> FakeTpm::IncrementCounter() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Spend());
  if (counter_occupied_) return CounterUnusable();
  counter_ = counter_ ? *counter_ + 1 : highest_counter_ + 1;
  highest_counter_ = std::max(highest_counter_, *counter_);
  return *counter_;
}

void FakeTpm::UndefineCounter() {
  const std::lock_guard lock(mutex_);
  counter_.reset();
}

void FakeTpm::RollCounterBackTo(uint64_t value) {
  const std::lock_guard lock(mutex_);
  counter_ = highest_counter_ = value;
}

void FakeTpm::OccupyCounterIndex() {
  const std::lock_guard lock(mutex_);
  counter_occupied_ = true;
}

}  // namespace kedge::testing
