// PCR commands of EsysConnection (TPM 2.0 Library part 3, chapter 22; CAP_PCRS: chapter 30).
#include <absl/strings/str_cat.h>
#include <tss2/tss2_mu.h>

#include <algorithm>
#include <set>

#include "attestation/parse/tpm_structs.h"
#include "attestation/tpm/esys_connection.h"
#include "crypto/digest.h"

namespace kedge {
namespace {

constexpr PcrIndex kPcrCount = 24;
constexpr int kConsistencyAttempts = 8;

bool IsSelected(const TPMS_PCR_SELECTION& selection, PcrIndex index) {
  return index / 8 < selection.sizeofSelect &&
         ((selection.pcrSelect[index / 8] >> (index % 8)) & 1) != 0;
}

TPML_PCR_SELECTION SelectionOf(PcrBank bank, const std::set<PcrIndex>& indices) {
  TPML_PCR_SELECTION out = {};
  out.count = 1;
  out.pcrSelections[0].hash = static_cast<uint16_t>(bank);
  out.pcrSelections[0].sizeofSelect = 3;
  for (PcrIndex index : indices) {
    uint8_t& mask = out.pcrSelections[0].pcrSelect[index / 8];
    mask = static_cast<uint8_t>(mask | (1u << (index % 8)));
  }
  return out;
}

StatusOr<std::set<PcrIndex>> Wanted(const std::vector<PcrIndex>& indices) {
  const std::set<PcrIndex> out(indices.begin(), indices.end());
  if (out.empty() || *out.rbegin() >= kPcrCount) {
    return MakeError(StatusCode::kInvalidArgument, "name at least one PCR, none beyond 23");
  }
  return out;
}

Status Unsteady() {
  return MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry,
                   "the PCRs changed each time they were read; retry when nothing measures");
}

}  // namespace

StatusOr<std::vector<PcrBank>> EsysConnection::ActiveBanks() {
  TPMI_YES_NO more = 0;
  EsysPtr<TPMS_CAPABILITY_DATA> data;
  RETURN_IF_ERROR(Check("TPM2_GetCapability(PCRS)",
                        Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           TPM2_CAP_PCRS, 0, 1, &more, Out(data))));
  std::vector<PcrBank> banks;
  const TPML_PCR_SELECTION& assigned = data->data.assignedPCR;
  for (const TPMS_PCR_SELECTION& selection :
       std::span(assigned.pcrSelections)
           .first(std::min<uint32_t>(assigned.count, TPM2_NUM_PCR_BANKS))) {
    const bool allocated =
        std::any_of(selection.pcrSelect, selection.pcrSelect + selection.sizeofSelect,
                    [](uint8_t mask) { return mask != 0; });
    if (!allocated) continue;
    const auto bank = static_cast<PcrBank>(selection.hash);
    if (DigestSize(bank) == 0) {
      // Leaving a bank unmeasured would let anything be measured into it later.
      return MakeFault(StatusCode::kFailedPrecondition, "TPM_BANK_UNSUPPORTED",
                       Advice::kAskOperator,
                       absl::StrCat("PCR bank ", selection.hash,
                                    " is active, but Kedge extends only SHA-1, SHA-256, SHA-384 "
                                    "and SHA-512; disable it in the firmware"));
    }
    banks.push_back(bank);
  }
  return banks;
}

// One TPM2_PCR_Read answers at most eight digests; values of one read belong together only if the
// update counter stood still.
StatusOr<PcrValues> EsysConnection::ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) {
  ASSIGN_OR_RETURN(const std::set<PcrIndex> wanted, Wanted(indices));
  for (int attempt = 0; attempt < kConsistencyAttempts; ++attempt) {
    PcrValues values;
    std::set<PcrIndex> left = wanted;
    std::optional<uint32_t> counter;
    bool steady = true;
    while (steady && !left.empty()) {
      const TPML_PCR_SELECTION selection = SelectionOf(bank, left);
      uint32_t update_counter = 0;
      EsysPtr<TPML_PCR_SELECTION> answered;
      EsysPtr<TPML_DIGEST> digests;
      RETURN_IF_ERROR(
          Check("TPM2_PCR_Read",
                Esys_PCR_Read(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection,
                              &update_counter, Out(answered), Out(digests))));
      steady = !counter || *counter == update_counter;
      counter = update_counter;
      uint32_t at = 0;
      for (PcrIndex index = 0; answered->count == 1 && index < kPcrCount; ++index) {
        if (!IsSelected(answered->pcrSelections[0], index) || at >= digests->count) continue;
        const TPM2B_DIGEST& digest = digests->digests[at++];
        if (digest.size != DigestSize(bank)) return Internal("a PCR of another size than its bank");
        values[index] = Bytes(digest.buffer, digest.buffer + digest.size);
        left.erase(index);
      }
      if (at == 0) {
        return FailedPrecondition(absl::StrCat("PCR ", *left.begin(), " of bank ",
                                               std::string(ToString(bank)), " is not active"));
      }
    }
    if (steady) return values;
  }
  return Unsteady();
}

Status EsysConnection::Extend(const MeasuredEvent& event) {
  if (event.pcr >= kPcrCount) return MakeError(StatusCode::kInvalidArgument, "no such PCR");
  ASSIGN_OR_RETURN(const std::vector<PcrBank> banks, ActiveBanks());
  if (banks.empty()) return FailedPrecondition("the TPM has no active PCR bank");
  TPML_DIGEST_VALUES values = {};
  for (PcrBank bank : banks) {
    const Bytes digest = DigestInBank(bank, event.content);
    TPMT_HA& value = values.digests[values.count++];
    value.hashAlg = static_cast<uint16_t>(bank);
    std::copy(digest.begin(), digest.end(), reinterpret_cast<uint8_t*>(&value.digest));
  }
  return Check("TPM2_PCR_Extend", Esys_PCR_Extend(esys_, ESYS_TR_PCR0 + event.pcr, ESYS_TR_PASSWORD,
                                                  ESYS_TR_NONE, ESYS_TR_NONE, &values));
}

StatusOr<TpmQuote> EsysConnection::Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                                         const ReportData& extra_data) {
  ASSIGN_OR_RETURN(const std::set<PcrIndex> wanted, Wanted(indices));
  ASSIGN_OR_RETURN(const LoadedAk ak, LoadAk());
  const TPML_PCR_SELECTION selection = SelectionOf(bank, wanted);
  TPM2B_DATA qualifying = {};
  qualifying.size = static_cast<uint16_t>(extra_data.size());
  std::copy(extra_data.begin(), extra_data.end(), qualifying.buffer);
  TPMT_SIG_SCHEME scheme = {};
  scheme.scheme = TPM2_ALG_NULL;  // the key's own

  for (int attempt = 0; attempt < kConsistencyAttempts; ++attempt) {
    EsysPtr<TPM2B_ATTEST> quoted;
    EsysPtr<TPMT_SIGNATURE> signature;
    RETURN_IF_ERROR(Check(
        "TPM2_Quote", Esys_Quote(esys_, ak.handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &qualifying, &scheme, &selection, Out(quoted), Out(signature))));
    TpmQuote out;
    out.quoted = Bytes(quoted->attestationData, quoted->attestationData + quoted->size);
    Bytes buffer(sizeof(TPMT_SIGNATURE));
    size_t size = 0;
    RETURN_IF_ERROR(Check(
        "TPMT_SIGNATURE",
        Tss2_MU_TPMT_SIGNATURE_Marshal(signature.get(), buffer.data(), buffer.size(), &size)));
    buffer.resize(size);
    out.signature = std::move(buffer);

    ASSIGN_OR_RETURN(out.pcrs, ReadPcrs(bank, indices));
    ASSIGN_OR_RETURN(const TpmAttest attest, ParseTpmAttest(out.quoted));
    Bytes all;
    for (const auto& [index, value] : out.pcrs) all.insert(all.end(), value.begin(), value.end());
    if (attest.quote && Equal(attest.quote->pcr_digest, Sha256(all))) return out;
  }
  return Unsteady();
}

}  // namespace kedge
