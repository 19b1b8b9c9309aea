// The attestation key: Kedge's own, or the one that a cloud's platform made and vouches for.
#include <absl/strings/str_cat.h>
#include <tss2/tss2_mu.h>

#include <algorithm>

#include "attestation/tpm/esys_connection.h"
#include "attestation/tpm/tpm_objects.h"

namespace kedge {
namespace {

constexpr size_t kMaxNv = 8192;
constexpr uint16_t kNvChunk = 512;  // every PC client TPM reads as much at once
// Where Azure's paravisor keeps the key that its report names.
constexpr TPM2_HANDLE kAzureAk = 0x81000003;

Status NoAk(std::string_view what) {
  return MakeFault(StatusCode::kFailedPrecondition, "TPM_NO_AK", Advice::kAskOperator,
                   absl::StrCat(std::string(what),
                                "; this machine is of another kind than it was "
                                "taken for"));
}

}  // namespace

StatusOr<Bytes> EsysConnection::ReadNv(TPMI_RH_NV_INDEX index) {
  EsysReference nv(esys_);
  const TSS2_RC found =
      Esys_TR_FromTPMPublic(esys_, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nv.receive());
  if (IsNoSuchHandle(found)) return Bytes();
  RETURN_IF_ERROR(Check("TPM2_NV_ReadPublic", found));
  EsysPtr<TPM2B_NV_PUBLIC> public_area;
  EsysPtr<TPM2B_NAME> name;
  RETURN_IF_ERROR(
      Check("TPM2_NV_ReadPublic", Esys_NV_ReadPublic(esys_, nv.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                     ESYS_TR_NONE, Out(public_area), Out(name))));
  const uint16_t size = public_area->nvPublic.dataSize;
  if (size > kMaxNv) {
    return Malformed(absl::StrCat("NV index 0x", absl::Hex(index), " has ", size, " bytes"));
  }
  const bool by_itself = (public_area->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0;
  const ESYS_TR authority = by_itself ? nv.get() : ESYS_TR_RH_OWNER;
  Bytes out;
  while (out.size() < size) {
    const auto offset = static_cast<uint16_t>(out.size());
    const auto chunk = std::min<uint16_t>(kNvChunk, static_cast<uint16_t>(size - offset));
    EsysPtr<TPM2B_MAX_NV_BUFFER> data;
    RETURN_IF_ERROR(
        Check("TPM2_NV_Read", Esys_NV_Read(esys_, authority, nv.get(), ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE, chunk, offset, Out(data))));
    if (data->size == 0) return Internal("TPM2_NV_Read gave no bytes");
    out.insert(out.end(), data->buffer, data->buffer + data->size);
  }
  return out;
}

StatusOr<TPM2B_PUBLIC> EsysConnection::GoogleAkTemplate() {
  for (const uint32_t certificate :
       {kGoogleEccAkCertificateNvIndex, kGoogleRsaAkCertificateNvIndex}) {
    ASSIGN_OR_RETURN(const Bytes content, ReadNv(certificate + 1));
    if (content.empty()) continue;
    TPM2B_PUBLIC out = {};
    ASSIGN_OR_RETURN(out.publicArea, Unmarshalled(content));
    ak_certificate_index_ = certificate;
    return out;
  }
  return NoAk("NV indices 0x01C10001 and 0x01C10003 hold no template of an attestation key");
}

StatusOr<EsysConnection::LoadedAk> EsysConnection::LoadPrimaryAk() {
  if (ak_saved_ != nullptr) {
    EsysHandle loaded(esys_);
    if (Esys_ContextLoad(esys_, ak_saved_.get(), loaded.receive()) == TSS2_RC_SUCCESS) {
      const ESYS_TR handle = loaded.get();
      return LoadedAk{std::move(loaded), handle};
    }
    // A TPM that was reset in the meantime takes no context from before.
    ak_saved_.reset();
  }
  TPM2B_PUBLIC key_template = AkTemplate();
  if (ak_source_ == AkSource::kGoogle) {
    ASSIGN_OR_RETURN(key_template, GoogleAkTemplate());
  }
  ASSIGN_OR_RETURN(PrimaryKey ak, CreatePrimary(key_template));
  ak_public_ = std::move(ak.public_area);
  RETURN_IF_ERROR(
      Check("TPM2_ContextSave", Esys_ContextSave(esys_, ak.handle.get(), Out(ak_saved_))));
  const ESYS_TR handle = ak.handle.get();
  return LoadedAk{std::move(ak.handle), handle};
}

StatusOr<EsysConnection::LoadedAk> EsysConnection::FindAzureAk() {
  if (ak_persistent_ == nullptr) {
    auto found = std::make_unique<EsysReference>(esys_);
    const TSS2_RC code = Esys_TR_FromTPMPublic(esys_, kAzureAk, ESYS_TR_NONE, ESYS_TR_NONE,
                                               ESYS_TR_NONE, found->receive());
    if (IsNoSuchHandle(code)) {
      return NoAk("the TPM has no persistent key at 0x81000003, where Azure keeps it");
    }
    RETURN_IF_ERROR(Check("TPM2_ReadPublic", code));
    EsysPtr<TPM2B_PUBLIC> public_area;
    EsysPtr<TPM2B_NAME> name;
    EsysPtr<TPM2B_NAME> qualified_name;
    RETURN_IF_ERROR(
        Check("TPM2_ReadPublic",
              Esys_ReadPublic(esys_, found->get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              Out(public_area), Out(name), Out(qualified_name))));
    ASSIGN_OR_RETURN(ak_public_, Marshalled(public_area->publicArea));
    ak_persistent_ = std::move(found);
  }
  return LoadedAk{EsysHandle(esys_), ak_persistent_->get()};
}

StatusOr<EsysConnection::LoadedAk> EsysConnection::LoadAk() {
  return ak_source_ == AkSource::kAzure ? FindAzureAk() : LoadPrimaryAk();
}

// The same template gives the same key for as long as the TPM is the same.
StatusOr<Bytes> EsysConnection::AttestationKeyPublic() {
  if (ak_public_.empty()) RETURN_IF_ERROR(LoadAk().status());
  return ak_public_;
}

StatusOr<Bytes> EsysConnection::AttestationKeyCertificate() {
  if (ak_source_ != AkSource::kGoogle) return Bytes();
  ASSIGN_OR_RETURN(const Bytes public_area, AttestationKeyPublic());
  ASSIGN_OR_RETURN(const Bytes content, ReadNv(ak_certificate_index_));
  if (content.empty()) return NoAk("NV holds the template of an attestation key, no certificate");
  ASSIGN_OR_RETURN(Bytes certificate, TrimmedDer(content));
  ASSIGN_OR_RETURN(const Bytes certified, SpkiOfDerCertificate(certificate));
  ASSIGN_OR_RETURN(const TPMT_PUBLIC area, Unmarshalled(public_area));
  ASSIGN_OR_RETURN(const Bytes own, SpkiOf(area));
  if (Equal(own, certified)) return certificate;
  return MakeFault(StatusCode::kFailedPrecondition, "TPM_AK_MISMATCH", Advice::kAskOperator,
                   "the certificate in NV is not for the key that the TPM makes from the template "
                   "beside it");
}

}  // namespace kedge
