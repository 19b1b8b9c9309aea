#include "attestation/issue/testing/stand_in_hardware.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

namespace kedge::testing {
namespace {

using nlohmann::json;

constexpr size_t kEntry = 24;
constexpr char kFormat[] = "kedge.attestation-policy.v1";
const json kSkip = {{"skip", "the test"}};

json AnyOf(ByteView value) { return {{"any_of", {ToHex(value)}}}; }

void Put32(Bytes& out, size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

class FixedTdxCollateral final : public CollateralSource {
 public:
  explicit FixedTdxCollateral(std::shared_ptr<const TdxCollateral> collateral)
      : collateral_(std::move(collateral)) {}
  StatusOr<SnpCertificates> ForSnp(ByteView) override { return SnpCertificates{}; }
  StatusOr<std::shared_ptr<const TdxCollateral>> ForTdx(ByteView) override { return collateral_; }

 private:
  const std::shared_ptr<const TdxCollateral> collateral_;
};

}  // namespace

Bytes SnpCertTableOf(const SnpCertificates& certificates) {
  const std::pair<const char*, const Bytes*> entries[] = {
      {"63da758de6644564adc5f4b93be8accd", &certificates.leaf},
      {"4ab7b379bbac4fe4a02f05aef327c782", &certificates.intermediate},
      {"c0b406a4a803495297433fb6014cd0ae", &certificates.root},
      {"92f81bc358114d3d97ffd19f88dc67ea", &certificates.crls.at(0)}};
  Bytes head;
  Bytes body;
  for (const auto& [guid, content] : entries) {
    const Bytes bytes = *FromHex(guid);
    head.insert(head.end(), bytes.begin(), bytes.end());
    Put32(head, kEntry * (std::size(entries) + 1) + body.size());
    Put32(head, content->size());
    body.insert(body.end(), content->begin(), content->end());
  }
  head.resize(head.size() + kEntry, 0);
  head.insert(head.end(), body.begin(), body.end());
  return head;
}

StatusOr<HardwareReport> StandInHardware::Collect(const ReportRequest& request) {
  const std::lock_guard lock(mutex_);
  return Sign(answer_about ? answer_about(request.report_data) : request.report_data);
}

StandInSnp::StandInSnp(uint8_t measurement) {
  world_.Put(snp_offset::kMeasurement, Bytes(48, measurement));
}

HardwareReport StandInSnp::Sign(const ReportData& report_data) {
  world_.Put(snp_offset::kReportData, report_data);
  const SnpEvidence evidence = world_.Evidence();
  return {.provider = kSnpProvider,
          .report = evidence.report,
          .auxiliary = SnpCertTableOf(evidence.certificates),
          .manifest = {}};
}

AttestationPolicy StandInSnp::Policy() const {
  SnpPolicy policy = world_.Policy();
  policy.measurement = PolicyField<std::vector<Bytes>>::Enforce({Launch().measurement});
  return {.snp = std::move(policy)};
}

LaunchReference StandInSnp::Launch() const {
  const SnpEvidence evidence = world_.Evidence();
  const ByteView report = evidence.report;
  return {.tee = Tee::kSnp,
          .measurement = ToBytes(report.subspan(snp_offset::kMeasurement, 48)),
          .rtmr1 = {},
          .rtmr2 = {}};
}

void StandInSnp::MoveTo(absl::Time now) {
  world_.crl_terms().this_update = now - absl::Hours(240);
  world_.crl_terms().next_update = now + absl::Hours(480);
}

std::string StandInSnp::PolicyFile() const {
  const SnpRoot root = world_.Policy().roots.value().custom.at(0);
  json snp = {{"defaults", kSnpDefaultsDate},
              {"roots",
               {{"custom",
                 {{{"name", root.name},
                   {"product", std::string(ToString(root.product))},
                   {"spki_sha256", ToHex(root.spki_sha256)}}}}}},
              {"measurement", AnyOf(Launch().measurement)}};
  for (const char* rule : {"host_data", "report_data", "id_key_digest", "author_key_digest",
                           "family_id", "image_id", "report_id", "report_id_ma",
                           "minimum_guest_svn", "allowed_chip_ids", "denied_chip_ids", "csp_ids"}) {
    snp[rule] = kSkip;
  }
  return json({{"format", kFormat}, {"snp", snp}}).dump();
}

StandInTdx::StandInTdx(uint8_t measurement) {
  machine_.quote.body.mr_td.fill(measurement);
  machine_.quote.body.rtmr[1].fill(static_cast<uint8_t>(measurement + 1));
  machine_.quote.body.rtmr[2].fill(static_cast<uint8_t>(measurement + 2));
}

HardwareReport StandInTdx::Sign(const ReportData& report_data) {
  machine_.quote.body.report_data = report_data;
  return {.provider = kTdxProvider, .report = machine_.Quote(), .auxiliary = {}, .manifest = {}};
}

AttestationPolicy StandInTdx::Policy() const {
  TdxPolicy policy = TdxMachine::Policy();
  policy.mr_td = PolicyField<ByteSet>::Enforce({Launch().measurement});
  return {.tdx = TdxRules{.policy = std::move(policy), .roots = machine_.Roots()}};
}

LaunchReference StandInTdx::Launch() const {
  const TdReportBody& body = machine_.quote.body;
  return {.tee = Tee::kTdx,
          .measurement = ToBytes(ByteView(body.mr_td)),
          .rtmr1 = ToBytes(ByteView(body.rtmr[1])),
          .rtmr2 = ToBytes(ByteView(body.rtmr[2]))};
}

std::shared_ptr<CollateralSource> StandInTdx::Collateral() const {
  return std::make_shared<FixedTdxCollateral>(machine_.Collateral());
}

void StandInTdx::MoveTo(absl::Time now) {
  const absl::Time issued = now - absl::Hours(240);
  const absl::Time until = now + absl::Hours(480);
  machine_.tcb_info.issue_date = machine_.qe_identity.issue_date = issued;
  machine_.tcb_info.next_update = machine_.qe_identity.next_update = until;
  machine_.pck_crl.this_update = machine_.root_crl.this_update = issued;
  machine_.pck_crl.next_update = machine_.root_crl.next_update = until;
}

std::string StandInTdx::PolicyFile() const {
  json tdx = {
      {"defaults", kTdxDefaultsDate},
      {"roots",
       {{"custom",
         {{{"name", "test root"}, {"spki_sha256", ToHex(Sha256(machine_.root_key.Spki()))}}}}}},
      {"mr_td", AnyOf(Launch().measurement)}};
  for (const char* rule :
       {"rtmr0", "rtmr1", "rtmr2", "rtmr3", "mr_config_id", "mr_owner", "mr_owner_config",
        "mr_seam", "mr_signer_seam", "minimum_tcb_evaluation_number"}) {
    tdx[rule] = kSkip;
  }
  return json({{"format", kFormat}, {"tdx", tdx}}).dump();
}

}  // namespace kedge::testing
