// What kind of machine this is, as far as that decides how it makes evidence. Pure: what was found
// is an argument (instance_probe.h finds it).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attestation/model/evidence.h"
#include "base/status.h"

namespace kedge {

enum class InstanceKind {
  kSnp,       // reports from the kernel; a TPM beside it is the host's
  kTdx,       // the same with quotes
  kAzureSnp,  // the paravisor keeps report and TPM; the guest cannot choose report_data
  kAzureTdx,
  kGcp,   // the host's TPM has an AK with a certificate of Google's; a TEE beside it or not
  kAws,   // SNP beside a NitroTPM
  kSvsm,  // the TPM runs in the TEE, above the kernel
  kTpmOnly
};
// "snp", "tdx", "azure-snp", "azure-tdx", "gcp", "aws", "svsm", "tpm-only"
std::string_view ToString(InstanceKind kind);
// INVALID_ARGUMENT that lists the names.
StatusOr<InstanceKind> ParseInstanceKind(std::string_view text);

// What was found. Nothing here is trusted: a host that lies makes this node collect evidence that
// the key service then refuses.
struct InstanceFacts {
  Tee tee = Tee::kNone;         // which of the kernel's drivers gives reports
  bool tpm = false;             // a TPM answers
  Tee hcl_report = Tee::kNone;  // NV 0x01400001 holds an HCL report of this hardware
  bool google_ak = false;       // NV 0x01C10000 or 0x01C10002 holds a certificate
  bool svsm_services = false;   // configfs-tsm offers reports of services
  std::string system_vendor;    // SMBIOS type 1: "Google", "Amazon EC2", …
};

struct Instance {
  InstanceKind kind = InstanceKind::kTpmOnly;
  Tee tee = Tee::kNone;
  bool tpm = false;
  std::string reason;  // what decided, for the log
};

// Fault NO_EVIDENCE where neither a TEE nor a TPM was found. With `forced`, that kind and no other:
// fault INSTANCE_KIND where what it needs was not found.
StatusOr<Instance> ClassifyInstance(const InstanceFacts& facts,
                                    std::optional<InstanceKind> forced = std::nullopt);

// Whether its evidence is a report of the TEE beside the TPM's quote: where the guest may ask for
// one about what it likes. Azure's paravisor does not let it.
bool HasOwnReports(const Instance& instance);
// What its evidence can show at most, for people. The verifier decides what it does show
// (attestation/verify/evidence_level.h).
EvidenceLevel StrongestLevel(const Instance& instance);

// One line: "azure-snp (snp, TPM): the TPM holds an HCL report".
std::string Describe(const Instance& instance);

}  // namespace kedge
