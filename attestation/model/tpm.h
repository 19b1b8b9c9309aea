// The port to a TPM 2.0. Implemented by attestation/tpm (tpm2-tss); the fake in
// attestation/model/testing obeys the same state machine.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "attestation/model/evidence.h"
#include "attestation/model/measured_event.h"
#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

struct TpmQuote {
  Bytes quoted;     // TPMS_ATTEST
  Bytes signature;  // TPMT_SIGNATURE
  PcrValues pcrs;   // read with the quote, retried until they agree with it
};

struct EndorsementKey {
  Bytes public_area;  // TPMT_PUBLIC
  Bytes certificate;  // DER, from NV 0x01C00002 (RSA) or 0x01C00016 (ECC P-384)
};

// TPM2_MakeCredential's outputs, each with its size prefix (TPM2B_*).
struct CredentialBlob {
  Bytes id_object;         // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// NV indices of cloud platforms' vTPMs.
inline constexpr uint32_t kHclReportNvIndex = 0x01400001;               // Azure's paravisor
inline constexpr uint32_t kGoogleRsaAkCertificateNvIndex = 0x01C10000;  // template one beyond
inline constexpr uint32_t kGoogleEccAkCertificateNvIndex = 0x01C10002;

// All methods may block on the device; safe to call from any thread (one owner thread inside).
// UNAVAILABLE where the device does not answer.
class Tpm {
 public:
  virtual ~Tpm() = default;
  // Banks with at least one PCR allocated.
  virtual StatusOr<std::vector<PcrBank>> ActiveBanks() = 0;
  virtual StatusOr<PcrValues> ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) = 0;
  // Extends `event` into every active bank, in one TPM2_PCR_Extend.
  virtual Status Extend(const MeasuredEvent& event) = 0;
  // TPMT_PUBLIC of the AK: ECC P-256, restricted signing, deterministic primary of the
  // endorsement hierarchy; on clouds that vouch for a key of their own, that key.
  virtual StatusOr<Bytes> AttestationKeyPublic() = 0;
  // The cloud's X.509 certificate for the AK, DER; empty where there is none.
  virtual StatusOr<Bytes> AttestationKeyCertificate() = 0;
  virtual StatusOr<TpmQuote> Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                                   const ReportData& extra_data) = 0;
  virtual StatusOr<EndorsementKey> Endorsement() = 0;
  // Proves that the AK lives beside the EK: the secret of a credential made for (EK, AK name).
  virtual StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) = 0;
  // The content of an NV index that may be read without a password; empty where it is not defined.
  virtual StatusOr<Bytes> ReadNv(uint32_t index) = 0;
  // Kedge's monotonic counter in NV storage (docs/MEASUREMENTS.md, "NV counter"). It stays over
  // resets and only ever grows; where it begins is the TPM's choice, and whoever owns the TPM can
  // delete it. nullopt: there is none yet. Both: FAILED_PRECONDITION
  // with fault TPM_COUNTER_UNUSABLE where this TPM cannot keep one.
  virtual StatusOr<std::optional<uint64_t>> ReadCounter() = 0;
  // Counts one up, making the counter first where there is none; its value then.
  virtual StatusOr<uint64_t> IncrementCounter() = 0;
};

}  // namespace kedge
