#include "attestation/tpm/esys_tpm.h"

#include "attestation/tpm/esys_connection.h"

namespace kedge {

EsysTpm::EsysTpm(EsysTpmOptions options) : options_(std::move(options)) {}
EsysTpm::~EsysTpm() = default;

template <typename Work>
auto EsysTpm::OnConnection(Work&& work) {
  using Result = decltype(work(*connection_));
  return owner_.Run([&]() -> Result {
    if (connection_ == nullptr || connection_->broken()) {
      connection_.reset();
      ASSIGN_OR_RETURN(connection_, EsysConnection::Open(options_));
    }
    return work(*connection_);
  });
}

StatusOr<std::vector<PcrBank>> EsysTpm::ActiveBanks() {
  return OnConnection([](EsysConnection& tpm) { return tpm.ActiveBanks(); });
}

StatusOr<PcrValues> EsysTpm::ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) {
  return OnConnection([&](EsysConnection& tpm) { return tpm.ReadPcrs(bank, indices); });
}

Status EsysTpm::Extend(const MeasuredEvent& event) {
  return OnConnection([&](EsysConnection& tpm) { return tpm.Extend(event); });
}

StatusOr<Bytes> EsysTpm::AttestationKeyPublic() {
  return OnConnection([](EsysConnection& tpm) { return tpm.AttestationKeyPublic(); });
}

StatusOr<Bytes> EsysTpm::AttestationKeyCertificate() {
  return OnConnection([](EsysConnection& tpm) { return tpm.AttestationKeyCertificate(); });
}

StatusOr<TpmQuote> EsysTpm::Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                                  const ReportData& extra_data) {
  return OnConnection([&](EsysConnection& tpm) { return tpm.Quote(bank, indices, extra_data); });
}

StatusOr<EndorsementKey> EsysTpm::Endorsement() {
  return OnConnection([](EsysConnection& tpm) { return tpm.Endorsement(); });
}

StatusOr<SecretBytes> EsysTpm::ActivateCredential(const CredentialBlob& blob) {
  return OnConnection([&](EsysConnection& tpm) { return tpm.ActivateCredential(blob); });
}

StatusOr<Bytes> EsysTpm::ReadNv(uint32_t index) {
  return OnConnection([&](EsysConnection& tpm) { return tpm.ReadNv(index); });
}

StatusOr<std::optional<uint64_t>> EsysTpm::ReadCounter() {
  return OnConnection([](EsysConnection& tpm) { return tpm.ReadCounter(); });
}

StatusOr<uint64_t> EsysTpm::IncrementCounter() {
  return OnConnection([](EsysConnection& tpm) { return tpm.IncrementCounter(); });
}

}  // namespace kedge
