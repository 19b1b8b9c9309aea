#include "attestation/tpm/esys_connection.h"

#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "attestation/tpm/tpm_objects.h"

namespace kedge {
namespace {

Status CredentialRefused(std::string_view why) {
  return Refused("CREDENTIAL_REFUSED",
                 "the TPM does not activate this credential: " + std::string(why) +
                     "; expected one that was made for this TPM's EK and AK");
}

}  // namespace

StatusOr<std::unique_ptr<EsysConnection>> EsysConnection::Open(const EsysTpmOptions& options) {
  std::unique_ptr<EsysConnection> out(new EsysConnection());
  const TSS2_RC loaded = Tss2_TctiLdr_Initialize(options.tcti.c_str(), &out->tcti_);
  if (loaded != TSS2_RC_SUCCESS) {
    return MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry,
                     "cannot reach the TPM at \"" + options.tcti +
                         "\": " + MessageOf(TpmStatus("TCTI", loaded)));
  }
  RETURN_IF_ERROR(TpmStatus("Esys_Initialize", Esys_Initialize(&out->esys_, out->tcti_, nullptr)));
  for (EkType type : options.endorsement_keys) {
    out->ek_templates_.push_back(type == EkType::kRsa2048 ? RsaEkTemplate() : EccEkTemplate());
  }
  out->ak_source_ = options.ak;
  return out;
}

EsysConnection::~EsysConnection() {
  ak_persistent_.reset();  // it needs the context
  if (esys_ != nullptr) Esys_Finalize(&esys_);
  if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
}

Status EsysConnection::Check(std::string_view command, TSS2_RC code) {
  broken_ = broken_ || IsTransportFailure(code);
  return TpmStatus(command, code);
}

StatusOr<EsysConnection::PrimaryKey> EsysConnection::CreatePrimary(
    const TPM2B_PUBLIC& key_template) {
  const TPM2B_SENSITIVE_CREATE no_sensitive = {};
  const TPM2B_DATA no_outside_info = {};
  const TPML_PCR_SELECTION no_creation_pcrs = {};
  PrimaryKey out{EsysHandle(esys_), {}};
  EsysPtr<TPM2B_PUBLIC> public_area;
  EsysPtr<TPM2B_CREATION_DATA> creation_data;
  EsysPtr<TPM2B_DIGEST> creation_hash;
  EsysPtr<TPMT_TK_CREATION> ticket;
  RETURN_IF_ERROR(
      Check("TPM2_CreatePrimary",
            Esys_CreatePrimary(esys_, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &no_sensitive, &key_template, &no_outside_info,
                               &no_creation_pcrs, out.handle.receive(), Out(public_area),
                               Out(creation_data), Out(creation_hash), Out(ticket))));
  ASSIGN_OR_RETURN(out.public_area, Marshalled(public_area->publicArea));
  return out;
}

// The key is made again from the profile's template and compared with the certificate: a handle
// that somebody made persistent could be any key.
StatusOr<const EsysConnection::CertifiedEk*> EsysConnection::FindEk() {
  if (ek_) return &*ek_;
  bool found_certificate = false;
  for (const EkTemplate& ek_template : ek_templates_) {
    ASSIGN_OR_RETURN(const Bytes nv, ReadNv(ek_template.certificate_index));
    if (nv.empty()) continue;
    found_certificate = true;
    ASSIGN_OR_RETURN(Bytes certificate, TrimmedDer(nv));
    ASSIGN_OR_RETURN(const Bytes certified, SpkiOfDerCertificate(certificate));
    ASSIGN_OR_RETURN(PrimaryKey ek, CreatePrimary(ek_template.public_area));
    ASSIGN_OR_RETURN(const TPMT_PUBLIC area, Unmarshalled(ek.public_area));
    ASSIGN_OR_RETURN(const Bytes own, SpkiOf(area));
    if (!Equal(own, certified)) continue;
    ek_ = CertifiedEk{ek_template, {std::move(ek.public_area), std::move(certificate)}};
    return &*ek_;
  }
  if (found_certificate) {
    return MakeFault(StatusCode::kFailedPrecondition, "TPM_EK_MISMATCH", Advice::kAskOperator,
                     "no EK certificate fits the key that the TPM makes from the template of the "
                     "TCG EK Credential Profile (L-1 or H-3)");
  }
  return MakeFault(StatusCode::kFailedPrecondition, "TPM_NO_EK_CERTIFICATE", Advice::kAskOperator,
                   "the TPM has no EK certificate at NV index 0x01C00002 or 0x01C00016; provision "
                   "one (swtpm_setup --create-ek-cert)");
}

StatusOr<EndorsementKey> EsysConnection::Endorsement() {
  ASSIGN_OR_RETURN(const CertifiedEk* ek, FindEk());
  return ek->key;
}

StatusOr<EsysHandle> EsysConnection::AuthorisedEkSession(const EkTemplate& ek_template,
                                                         ESYS_TR ek) {
  TPMT_SYM_DEF symmetric = {};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  EsysHandle session(esys_);
  RETURN_IF_ERROR(
      Check("TPM2_StartAuthSession",
            Esys_StartAuthSession(esys_, ek, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  nullptr, TPM2_SE_POLICY, &symmetric,
                                  ek_template.public_area.publicArea.nameAlg, session.receive())));
  constexpr TPMA_SESSION kAttributes = TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
  RETURN_IF_ERROR(Check("Esys_TRSess_SetAttributes",
                        Esys_TRSess_SetAttributes(esys_, session.get(), kAttributes, 0xFF)));
  EsysPtr<TPM2B_TIMEOUT> timeout;
  EsysPtr<TPMT_TK_AUTH> ticket;
  RETURN_IF_ERROR(Check("TPM2_PolicySecret",
                        Esys_PolicySecret(esys_, ESYS_TR_RH_ENDORSEMENT, session.get(),
                                          ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                          nullptr, nullptr, 0, Out(timeout), Out(ticket))));
  if (!ek_template.policy_or.empty()) {
    TPML_DIGEST branches = {};
    for (const TPM2B_DIGEST& digest : ek_template.policy_or) {
      branches.digests[branches.count++] = digest;
    }
    RETURN_IF_ERROR(Check("TPM2_PolicyOR", Esys_PolicyOR(esys_, session.get(), ESYS_TR_NONE,
                                                         ESYS_TR_NONE, ESYS_TR_NONE, &branches)));
  }
  return session;
}

StatusOr<SecretBytes> EsysConnection::ActivateCredential(const CredentialBlob& blob) {
  TPM2B_ID_OBJECT id_object = {};
  TPM2B_ENCRYPTED_SECRET encrypted = {};
  size_t id_size = 0;
  size_t encrypted_size = 0;
  if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(blob.id_object.data(), blob.id_object.size(), &id_size,
                                        &id_object) != TSS2_RC_SUCCESS ||
      id_size != blob.id_object.size() ||
      Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(blob.encrypted_secret.data(),
                                               blob.encrypted_secret.size(), &encrypted_size,
                                               &encrypted) != TSS2_RC_SUCCESS ||
      encrypted_size != blob.encrypted_secret.size()) {
    return Malformed("a credential is a TPM2B_ID_OBJECT and a TPM2B_ENCRYPTED_SECRET");
  }
  ASSIGN_OR_RETURN(const CertifiedEk* certified, FindEk());
  ASSIGN_OR_RETURN(const PrimaryKey ek, CreatePrimary(certified->ek_template.public_area));
  ASSIGN_OR_RETURN(const LoadedAk ak, LoadAk());
  ASSIGN_OR_RETURN(const EsysHandle session,
                   AuthorisedEkSession(certified->ek_template, ek.handle.get()));
  EsysPtr<TPM2B_DIGEST> secret;
  const TSS2_RC code =
      Esys_ActivateCredential(esys_, ak.handle, ek.handle.get(), ESYS_TR_PASSWORD, session.get(),
                              ESYS_TR_NONE, &id_object, &encrypted, Out(secret));
  const Status status = Check("TPM2_ActivateCredential", code);
  // Format-one codes complain about what was handed in: the blob, the secret, the object's name.
  // libtpms says TPM_RC_FAILURE where OAEP does not decrypt, and goes on working.
  const bool complains = (code & TSS2_RC_LAYER_MASK) == 0 && (code & TPM2_RC_FMT1) != 0;
  if (complains || (code == TPM2_RC_FAILURE && CreatePrimary(AkTemplate()).ok())) {
    return CredentialRefused(MessageOf(status));
  }
  RETURN_IF_ERROR(status);
  StatusOr<SecretBytes> out = SecretBytes::CopyOf(ByteView(secret->buffer, secret->size));
  SecureWipe(std::span(secret->buffer));
  return out;
}

}  // namespace kedge
