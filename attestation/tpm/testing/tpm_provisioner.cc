#include "attestation/tpm/testing/tpm_provisioner.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>

#include "attestation/tpm/esys_handles.h"
#include "attestation/tpm/key_templates.h"
#include "attestation/tpm/tpm_objects.h"

namespace kedge::testing {

struct TpmProvisioner::Impl {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  ESYS_CONTEXT* esys = nullptr;
  ~Impl() {
    if (esys != nullptr) Esys_Finalize(&esys);
    if (tcti != nullptr) Tss2_TctiLdr_Finalize(&tcti);
  }

  StatusOr<Bytes> CreatePrimary(const TPM2B_PUBLIC& key_template, EsysHandle& handle) {
    const TPM2B_SENSITIVE_CREATE sensitive = {};
    const TPM2B_DATA outside = {};
    const TPML_PCR_SELECTION pcrs = {};
    EsysPtr<TPM2B_PUBLIC> area;
    EsysPtr<TPM2B_CREATION_DATA> data;
    EsysPtr<TPM2B_DIGEST> hash;
    EsysPtr<TPMT_TK_CREATION> ticket;
    RETURN_IF_ERROR(TpmStatus(
        "TPM2_CreatePrimary",
        Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, &sensitive, &key_template, &outside, &pcrs,
                           handle.receive(), Out(area), Out(data), Out(hash), Out(ticket))));
    return Marshalled(area->publicArea);
  }
};

namespace {

TPM2B_PUBLIC RsaTemplate() {
  TPM2B_PUBLIC out = AkTemplate();
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_RSA;
  area.parameters = {};
  area.unique = {};
  TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
  rsa.symmetric.algorithm = TPM2_ALG_NULL;
  rsa.scheme.scheme = TPM2_ALG_RSASSA;
  rsa.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
  rsa.keyBits = 2048;
  return out;
}

}  // namespace

TpmProvisioner::TpmProvisioner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TpmProvisioner::~TpmProvisioner() = default;

StatusOr<std::unique_ptr<TpmProvisioner>> TpmProvisioner::Open(const std::string& tcti) {
  auto impl = std::make_unique<Impl>();
  RETURN_IF_ERROR(TpmStatus("TCTI", Tss2_TctiLdr_Initialize(tcti.c_str(), &impl->tcti)));
  RETURN_IF_ERROR(TpmStatus("Esys_Initialize", Esys_Initialize(&impl->esys, impl->tcti, nullptr)));
  return std::unique_ptr<TpmProvisioner>(new TpmProvisioner(std::move(impl)));
}

Status TpmProvisioner::DefineNv(uint32_t index, ByteView content, bool by_owner) {
  TPM2B_NV_PUBLIC wanted = {};
  wanted.nvPublic.nvIndex = index;
  wanted.nvPublic.nameAlg = TPM2_ALG_SHA256;
  wanted.nvPublic.attributes =
      TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | (by_owner ? 0u : TPMA_NV_AUTHREAD);
  wanted.nvPublic.dataSize = static_cast<uint16_t>(content.size());
  const TPM2B_AUTH no_password = {};
  EsysReference nv(impl_->esys);
  RETURN_IF_ERROR(
      TpmStatus("TPM2_NV_DefineSpace",
                Esys_NV_DefineSpace(impl_->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &no_password, &wanted, nv.receive())));
  for (size_t at = 0; at < content.size();) {
    TPM2B_MAX_NV_BUFFER chunk = {};
    chunk.size = static_cast<uint16_t>(std::min<size_t>(512, content.size() - at));
    std::copy_n(content.begin() + static_cast<ptrdiff_t>(at), chunk.size, chunk.buffer);
    RETURN_IF_ERROR(
        TpmStatus("TPM2_NV_Write",
                  Esys_NV_Write(impl_->esys, ESYS_TR_RH_OWNER, nv.get(), ESYS_TR_PASSWORD,
                                ESYS_TR_NONE, ESYS_TR_NONE, &chunk, static_cast<uint16_t>(at))));
    at += chunk.size;
  }
  return absl::OkStatus();
}

StatusOr<Bytes> TpmProvisioner::PersistRsaAk(uint32_t handle) {
  EsysHandle key(impl_->esys);
  ASSIGN_OR_RETURN(Bytes area, impl_->CreatePrimary(RsaTemplate(), key));
  EsysReference persistent(impl_->esys);
  RETURN_IF_ERROR(
      TpmStatus("TPM2_EvictControl",
                Esys_EvictControl(impl_->esys, ESYS_TR_RH_OWNER, key.get(), ESYS_TR_PASSWORD,
                                  ESYS_TR_NONE, ESYS_TR_NONE, handle, persistent.receive())));
  return area;
}

StatusOr<Bytes> TpmProvisioner::PublicOfPrimary(ByteView key_template) {
  TPM2B_PUBLIC wanted = {};
  ASSIGN_OR_RETURN(wanted.publicArea, Unmarshalled(key_template));
  EsysHandle key(impl_->esys);
  return impl_->CreatePrimary(wanted, key);
}

Bytes TpmProvisioner::RsaAkTemplate() { return *Marshalled(RsaTemplate().publicArea); }

Bytes TpmProvisioner::EccAkTemplate(uint8_t variant) {
  TPM2B_PUBLIC out = AkTemplate();
  TPMS_ECC_POINT& unique = out.publicArea.unique.ecc;
  unique.x.size = 1;
  unique.x.buffer[0] = variant;
  return *Marshalled(out.publicArea);
}

}  // namespace kedge::testing
