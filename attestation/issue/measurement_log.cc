#include "attestation/issue/measurement_log.h"

#include "attestation/parse/kedge_log.h"
#include "base/host/files.h"

namespace kedge {

StatusOr<Bytes> MeasurementLog::ReadRaw() const {
  StatusOr<Bytes> bytes = ReadFileBounded(path_, kMaxEventLogSize);
  if (bytes.status().code() == StatusCode::kNotFound) return Bytes();
  return bytes;
}

StatusOr<std::vector<MeasuredEvent>> MeasurementLog::Read() {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadRaw());
  ASSIGN_OR_RETURN(const std::vector<KedgeLogRecord> records, ParseKedgeLog(bytes));
  std::vector<MeasuredEvent> events;
  for (const KedgeLogRecord& record : records) events.push_back(record.event);
  return events;
}

Status MeasurementLog::Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) {
  ASSIGN_OR_RETURN(Bytes bytes, ReadRaw());
  const Bytes record = EncodeKedgeLogRecord(MakeKedgeLogRecord(event, banks));
  bytes.insert(bytes.end(), record.begin(), record.end());
  const size_t slash = path_.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    RETURN_IF_ERROR(MakeFolders(path_.substr(0, slash), 0755));
  }
  return WriteFileAtomically(path_, bytes, 0644);
}

}  // namespace kedge
