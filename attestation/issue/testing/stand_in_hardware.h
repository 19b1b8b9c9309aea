// Hardware that signs genuine SNP and TDX layouts under roots of its own, which a policy has to
// name. Test-only: no release binary links this.
#pragma once

#include <functional>
#include <mutex>

#include "attestation/issue/hardware_reports.h"
#include "attestation/verify/testing/snp_world.h"
#include "attestation/verify/testing/tdx_machine.h"
#include "attestation/verify/verify.h"

namespace kedge::testing {

// A certificate table as a host gives it (GHCB): VCEK, ASK, ARK and the CRL.
Bytes SnpCertTableOf(const SnpCertificates& certificates);

class StandInHardware : public HardwareReports {
 public:
  // Reports about what is asked, unless `answer_about` says otherwise.
  StatusOr<HardwareReport> Collect(const ReportRequest& request) final;

  virtual Tee tee() const = 0;
  // Names this hardware's root, and the measurement of its guest.
  virtual AttestationPolicy Policy() const = 0;
  // What its guest's image would state.
  virtual LaunchReference Launch() const = 0;
  // Null where everything comes with the report.
  virtual std::shared_ptr<CollateralSource> Collateral() const { return nullptr; }
  // When its certificates and lists are in force, unless they were moved.
  static absl::Time Now() { return TdxMachine::Now(); }
  // New lists and documents, from ten days before `now` to twenty after.
  virtual void MoveTo(absl::Time now) = 0;
  // Policy() as a file: the root and the measurement of this hardware, defaults for the rest.
  virtual std::string PolicyFile() const = 0;

  // What an attacker with a guest of his own gets from it.
  std::function<ReportData(const ReportData& asked)> answer_about;

 protected:
  virtual HardwareReport Sign(const ReportData& report_data) = 0;

 private:
  std::mutex mutex_;
};

class StandInSnp final : public StandInHardware {
 public:
  explicit StandInSnp(uint8_t measurement = 0x5A);
  Tee tee() const override { return Tee::kSnp; }
  AttestationPolicy Policy() const override;
  LaunchReference Launch() const override;
  void MoveTo(absl::Time now) override;
  std::string PolicyFile() const override;
  SnpWorld& world() { return world_; }

 protected:
  HardwareReport Sign(const ReportData& report_data) override;

 private:
  SnpWorld world_{SnpProduct::kGenoa};
};

class StandInTdx final : public StandInHardware {
 public:
  explicit StandInTdx(uint8_t measurement = 0x5A);
  Tee tee() const override { return Tee::kTdx; }
  AttestationPolicy Policy() const override;
  LaunchReference Launch() const override;
  std::shared_ptr<CollateralSource> Collateral() const override;
  void MoveTo(absl::Time now) override;
  std::string PolicyFile() const override;
  TdxMachine& machine() { return machine_; }

 protected:
  HardwareReport Sign(const ReportData& report_data) override;

 private:
  TdxMachine machine_{5, true};
};

}  // namespace kedge::testing
