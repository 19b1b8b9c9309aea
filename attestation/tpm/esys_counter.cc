// The NV counter of EsysConnection (TPM 2.0 Library part 3, chapter 31).
#include <absl/strings/str_cat.h>

#include "attestation/tpm/esys_connection.h"
#include "attestation/tpm/tpm_objects.h"
#include "base/reader.h"

namespace kedge {
namespace {

// Among the indices that a TPM's owner assigns (TCG Registry of Reserved TPM 2.0 Handles and
// Localities: 0x01800000 to 0x01BFFFFF).
constexpr TPMI_RH_NV_INDEX kCounterIndex = 0x01804B44;
constexpr uint16_t kCounterSize = 8;
// Read and written with the index's own empty password, so that the owner hierarchy is needed only
// to define it; exempt from dictionary-attack protection like the AK.
constexpr TPMA_NV kCounterAttributes = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) |
                                       TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;

Status Unusable(std::string_view why) {
  return MakeFault(
      StatusCode::kFailedPrecondition, "TPM_COUNTER_UNUSABLE", Advice::kAskOperator,
      absl::StrCat("no counter at NV index 0x", absl::Hex(kCounterIndex), ": ", std::string(why)));
}

// What the TPM refuses to do is final; a device that is away is not.
Status OrUnusable(const Status& status) {
  return status.ok() || IsRetryable(status) ? status : Unusable(MessageOf(status));
}

}  // namespace

StatusOr<bool> EsysConnection::FindCounter(EsysReference& nv, bool& written) {
  const TSS2_RC found = Esys_TR_FromTPMPublic(esys_, kCounterIndex, ESYS_TR_NONE, ESYS_TR_NONE,
                                              ESYS_TR_NONE, nv.receive());
  if (IsNoSuchHandle(found)) return false;
  RETURN_IF_ERROR(Check("TPM2_NV_ReadPublic", found));
  EsysPtr<TPM2B_NV_PUBLIC> public_area;
  EsysPtr<TPM2B_NAME> name;
  RETURN_IF_ERROR(
      Check("TPM2_NV_ReadPublic", Esys_NV_ReadPublic(esys_, nv.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                     ESYS_TR_NONE, Out(public_area), Out(name))));
  const TPMA_NV attributes = public_area->nvPublic.attributes;
  if ((attributes & ~TPMA_NV_WRITTEN) != kCounterAttributes ||
      public_area->nvPublic.dataSize != kCounterSize) {
    return Unusable("the index holds something else; free it");
  }
  written = (attributes & TPMA_NV_WRITTEN) != 0;
  return true;
}

Status EsysConnection::DefineCounter(EsysReference& nv) {
  const TPM2B_AUTH no_password = {};
  TPM2B_NV_PUBLIC area = {};
  area.nvPublic.nvIndex = kCounterIndex;
  area.nvPublic.nameAlg = TPM2_ALG_SHA256;
  area.nvPublic.attributes = kCounterAttributes;
  area.nvPublic.dataSize = kCounterSize;
  return Check("TPM2_NV_DefineSpace",
               Esys_NV_DefineSpace(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &no_password, &area, nv.receive()));
}

StatusOr<uint64_t> EsysConnection::ReadCounterValue(ESYS_TR nv) {
  EsysPtr<TPM2B_MAX_NV_BUFFER> data;
  RETURN_IF_ERROR(Check("TPM2_NV_Read", Esys_NV_Read(esys_, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                                     ESYS_TR_NONE, kCounterSize, 0, Out(data))));
  Reader reader(ByteView(data->buffer, data->size));
  ASSIGN_OR_RETURN(const uint64_t value, reader.U64Be());
  RETURN_IF_ERROR(reader.ExpectEnd());
  return value;
}

StatusOr<std::optional<uint64_t>> EsysConnection::ReadCounter() {
  EsysReference nv(esys_);
  bool written = false;
  StatusOr<bool> found = FindCounter(nv, written);
  if (!found.ok()) return OrUnusable(found.status());
  // Defined and cut off before its first increment: it cannot be read yet.
  if (!*found || !written) return std::optional<uint64_t>();
  const StatusOr<uint64_t> value = ReadCounterValue(nv.get());
  if (!value.ok()) return OrUnusable(value.status());
  return std::optional<uint64_t>(*value);
}

StatusOr<uint64_t> EsysConnection::IncrementCounter() {
  EsysReference nv(esys_);
  bool written = false;
  StatusOr<bool> found = FindCounter(nv, written);
  if (!found.ok()) return OrUnusable(found.status());
  if (!*found) RETURN_IF_ERROR(OrUnusable(DefineCounter(nv)));
  RETURN_IF_ERROR(OrUnusable(Check(
      "TPM2_NV_Increment",
      Esys_NV_Increment(esys_, nv.get(), nv.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE))));
  const StatusOr<uint64_t> value = ReadCounterValue(nv.get());
  if (!value.ok()) return OrUnusable(value.status());
  return *value;
}

}  // namespace kedge
