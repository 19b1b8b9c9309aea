#include "attestation/collateral/document.h"

#include <absl/strings/str_cat.h>

#include "base/lp.h"
#include "base/reader.h"
#include "crypto/crl.h"
#include "crypto/digest.h"

namespace kedge::collateral {
namespace {

constexpr std::string_view kDocumentMagic = "kedge/1 collateral";
constexpr std::string_view kWatermarkMagic = "kedge/1 collateral-mark";
constexpr size_t kMaxText = 4096;
constexpr size_t kMaxChain = 64 * 1024;
constexpr size_t kMaxEdition = 128;
constexpr size_t kDigest = 32;

uint64_t Seconds(absl::Time time) { return static_cast<uint64_t>(absl::ToUnixSeconds(time)); }

Bytes Sealed(Bytes content) {
  const Sha256Digest digest = Sha256(content);
  content.insert(content.end(), digest.begin(), digest.end());
  return content;
}

// The content before the digest, which must fit.
StatusOr<ByteView> Unsealed(ByteView bytes) {
  if (bytes.size() < kDigest) return Malformed("cached file is cut off");
  const ByteView content = bytes.first(bytes.size() - kDigest);
  if (!Equal(Sha256(content), bytes.last(kDigest))) {
    return Malformed("cached file was changed or is cut off");
  }
  return content;
}

StatusOr<std::string> Text(Reader& reader, size_t max) {
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(max));
  return std::string(AsText(field));
}

StatusOr<absl::Time> Time(Reader& reader) {
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(8));
  Reader number(field);
  ASSIGN_OR_RETURN(const uint64_t seconds, number.U64Be());
  if (seconds > 1ull << 40) return Malformed("cached file with an absurd time");
  return absl::FromUnixSeconds(static_cast<int64_t>(seconds));
}

Status Magic(Reader& reader, std::string_view expected) {
  ASSIGN_OR_RETURN(const std::string magic, Text(reader, kMaxText));
  if (magic != expected) return Malformed("cached file of another kind or version");
  return absl::OkStatus();
}

}  // namespace

Bytes EncodeDocument(const Document& document) {
  return Sealed(LpWriter()
                    .Add(kDocumentMagic)
                    .Add(document.url)
                    .AddU64(Seconds(document.fetched))
                    .Add(document.issuer_chain_pem)
                    .Add(document.body)
                    .bytes());
}

StatusOr<Document> DecodeDocument(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView content, Unsealed(bytes));
  Reader reader(content);
  RETURN_IF_ERROR(Magic(reader, kDocumentMagic));
  Document out;
  ASSIGN_OR_RETURN(out.url, Text(reader, kMaxText));
  ASSIGN_OR_RETURN(out.fetched, Time(reader));
  ASSIGN_OR_RETURN(out.issuer_chain_pem, Text(reader, kMaxChain));
  ASSIGN_OR_RETURN(const ByteView body, reader.Lp(kMaxAnswer));
  out.body = ToBytes(body);
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

Bytes EncodeWatermark(const Watermark& mark) {
  return Sealed(LpWriter()
                    .Add(kWatermarkMagic)
                    .Add(mark.subject)
                    .Add(mark.edition)
                    .AddU64(Seconds(mark.issued))
                    .bytes());
}

StatusOr<Watermark> DecodeWatermark(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView content, Unsealed(bytes));
  Reader reader(content);
  RETURN_IF_ERROR(Magic(reader, kWatermarkMagic));
  Watermark out;
  ASSIGN_OR_RETURN(out.subject, Text(reader, kMaxText));
  ASSIGN_OR_RETURN(const ByteView edition, reader.Lp(kMaxEdition));
  out.edition = ToBytes(edition);
  ASSIGN_OR_RETURN(out.issued, Time(reader));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

Status CheckNotBehind(const DocumentFacts& facts, const Watermark& mark) {
  const bool behind =
      CompareCrlNumbers(facts.edition, mark.edition) < 0 || facts.issued < mark.issued;
  if (!behind) return absl::OkStatus();
  return Refused(
      "COLLATERAL_ROLLBACK",
      absl::StrCat(facts.subject, ": edition ", ToHex(facts.edition), " of ",
                   absl::FormatTime(facts.issued, absl::UTCTimeZone()), " is older than edition ",
                   ToHex(mark.edition), " of ", absl::FormatTime(mark.issued, absl::UTCTimeZone()),
                   ", which was seen before"));
}

}  // namespace kedge::collateral
