#include "attestation/issue/qgs_message.h"

#include <absl/strings/str_cat.h>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint16_t kMajor = 1;
constexpr uint16_t kMinor = 0;  // what every version of the service answers
constexpr uint32_t kQuoteRequest = 0;
constexpr uint32_t kQuoteResponse = 1;
constexpr size_t kHeader = 16;

void Put(Bytes& out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

Bytes QgsQuoteRequest(ByteView td_report) {
  Bytes out;
  Put(out, kMajor, 2);
  Put(out, kMinor, 2);
  Put(out, kQuoteRequest, 4);
  Put(out, kHeader + 8 + td_report.size(), 4);
  Put(out, 0, 4);  // error
  Put(out, td_report.size(), 4);
  Put(out, 0, 4);  // list of key ids
  out.insert(out.end(), td_report.begin(), td_report.end());
  return out;
}

StatusOr<Bytes> ParseQgsQuoteResponse(ByteView message) {
  if (message.size() > kMaxQgsMessage) return Malformed("a QGS message larger than 32 KiB");
  Reader reader(message);
  ASSIGN_OR_RETURN(const uint16_t major, reader.U16Le());
  RETURN_IF_ERROR(reader.Skip(2));  // minor: 0 or 1 today, made to be ignored
  ASSIGN_OR_RETURN(const uint32_t type, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t error, reader.U32Le());
  if (major != kMajor || type != kQuoteResponse || size != message.size()) {
    return Malformed(absl::StrCat("a QGS message of version ", major, ", type ", type, " and size ",
                                  size, "; expected 1, ", kQuoteResponse, " and ", message.size()));
  }
  if (error != 0) {
    return MakeFault(
        StatusCode::kFailedPrecondition, "QUOTE_REFUSED", Advice::kAskOperator,
        absl::StrCat("the host's quoting service made no quote, error 0x", absl::Hex(error),
                     "; look at its log (qgsd) and at the platform's registration"));
  }
  ASSIGN_OR_RETURN(const uint32_t id_size, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t quote_size, reader.U32Le());
  RETURN_IF_ERROR(reader.Skip(id_size));
  ASSIGN_OR_RETURN(const ByteView quote, reader.Take(quote_size));
  RETURN_IF_ERROR(reader.ExpectEnd());
  if (quote.empty()) return Malformed("a QGS message without a quote");
  return ToBytes(quote);
}

}  // namespace kedge
