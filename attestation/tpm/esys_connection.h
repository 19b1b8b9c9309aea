// One open ESAPI context and the commands that Kedge sends. Not thread-safe: EsysTpm's owner thread
// is the only one that touches it.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attestation/model/tpm.h"
#include "attestation/tpm/esys_handles.h"
#include "attestation/tpm/esys_tpm.h"
#include "attestation/tpm/key_templates.h"

namespace kedge {

class EsysConnection {
 public:
  static StatusOr<std::unique_ptr<EsysConnection>> Open(const EsysTpmOptions& options);
  ~EsysConnection();
  EsysConnection(const EsysConnection&) = delete;
  EsysConnection& operator=(const EsysConnection&) = delete;

  // Whether a command failed below the TPM; then only a new connection helps.
  bool broken() const { return broken_; }

  StatusOr<std::vector<PcrBank>> ActiveBanks();
  StatusOr<PcrValues> ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices);
  Status Extend(const MeasuredEvent& event);
  StatusOr<Bytes> AttestationKeyPublic();
  StatusOr<Bytes> AttestationKeyCertificate();
  // The content of an NV index readable with its own or the owner's empty password; empty where it
  // is not defined.
  StatusOr<Bytes> ReadNv(TPMI_RH_NV_INDEX index);
  StatusOr<TpmQuote> Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                           const ReportData& extra_data);
  StatusOr<EndorsementKey> Endorsement();
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob);
  StatusOr<std::optional<uint64_t>> ReadCounter();
  StatusOr<uint64_t> IncrementCounter();

 private:
  struct PrimaryKey {
    EsysHandle handle;
    Bytes public_area;  // TPMT_PUBLIC
  };
  struct CertifiedEk {
    EkTemplate ek_template;
    EndorsementKey key;
  };

  EsysConnection() = default;
  Status Check(std::string_view command, TSS2_RC code);
  StatusOr<PrimaryKey> CreatePrimary(const TPM2B_PUBLIC& key_template);
  // The attestation key, in the TPM for as long as this lives.
  struct LoadedAk {
    EsysHandle transient;  // empty for a key that is persistent
    ESYS_TR handle = ESYS_TR_NONE;
  };
  StatusOr<LoadedAk> LoadAk();
  StatusOr<LoadedAk> LoadPrimaryAk();
  StatusOr<LoadedAk> FindAzureAk();
  StatusOr<TPM2B_PUBLIC> GoogleAkTemplate();
  // Whether the counter's index is defined; `nv` then refers to it.
  StatusOr<bool> FindCounter(EsysReference& nv, bool& written);
  Status DefineCounter(EsysReference& nv);
  StatusOr<uint64_t> ReadCounterValue(ESYS_TR nv);
  StatusOr<const CertifiedEk*> FindEk();
  // A policy session, salted with the EK and encrypting responses, that satisfies the EK's policy.
  StatusOr<EsysHandle> AuthorisedEkSession(const EkTemplate& ek_template, ESYS_TR ek);

  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  bool broken_ = false;
  std::vector<EkTemplate> ek_templates_;
  AkSource ak_source_ = AkSource::kOwn;
  uint32_t ak_certificate_index_ = 0;             // of Google's, once its template was read
  std::unique_ptr<EsysReference> ak_persistent_;  // Azure's
  std::optional<CertifiedEk> ek_;
  Bytes ak_public_;  // of the TPM at this connection, once it was made
  // The AK, if made by a template, as the TPM gave it out, encrypted and bound to itself: loading
  // it again costs far less than making it from its template.
  EsysPtr<TPMS_CONTEXT> ak_saved_;
};

}  // namespace kedge
