#include "cli/signed_verdict.h"

#include <absl/strings/str_cat.h>

#include <string_view>
#include <utility>

#include "base/lp.h"
#include "cli/verdict_document.h"
#include "crypto/digest.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

constexpr char kEnvelopeFormat[] = "kedge.signed-verdict.v1";
constexpr char kContentFormat[] = "kedge.verdict.v1";
// Base64 makes three bytes four.
constexpr size_t kMaxEnvelope = 2 * kMaxVerdictDocument;

// What is signed: never the content alone, so that no other signature of this key fits here.
Bytes SignedBytes(ByteView content) { return Lp({AsBytes(kEnvelopeFormat), content}); }

StatusOr<std::string> Text(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return Malformed(absl::StrCat("signed verdict: no text '", name, "'"));
  }
  return found->get<std::string>();
}

StatusOr<Bytes> Base64(const ordered_json& object, const char* name) {
  ASSIGN_OR_RETURN(const std::string text, Text(object, name));
  std::optional<Bytes> out = FromBase64(text);
  if (!out) return Malformed(absl::StrCat("signed verdict: '", name, "' is not base64"));
  return *std::move(out);
}

}  // namespace

StatusOr<std::string> SignVerdict(const ordered_json& verdict, const VerdictTerms& terms,
                                  const SigningKey& key) {
  ordered_json inputs = ordered_json::array();
  for (const VerdictInput& input : terms.inputs) {
    inputs.push_back({{"name", input.name}, {"sha256", input.sha256}});
  }
  ordered_json content = {
      {"format", kContentFormat},
      {"made_at", absl::FormatTime(absl::RFC3339_sec, terms.made_at, absl::UTCTimeZone())},
      {"program", terms.program},
      {"arguments", terms.arguments},
      {"inputs", std::move(inputs)}};
  content.update(verdict);
  // Names of files may be any bytes.
  const Bytes bytes = ToBytes(content.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  ASSIGN_OR_RETURN(const Bytes signature, key.Sign(SignedBytes(bytes)));
  const ordered_json envelope = {{"format", kEnvelopeFormat},
                                 {"content", ToBase64(bytes)},
                                 {"key_sha256", ToHex(Sha256(key.public_key().spki()))},
                                 {"signature", ToBase64(signature)}};
  return envelope.dump(2) + "\n";
}

StatusOr<ordered_json> OpenSignedVerdict(ByteView file, const VerifyKey& key) {
  if (file.size() > kMaxEnvelope) return Malformed("signed verdict larger than 32 MiB");
  const std::string_view text = AsText(file);
  const ordered_json envelope = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!envelope.is_object() || envelope.size() != 4) {
    return Malformed("not a signed verdict: expected an object of four members");
  }
  ASSIGN_OR_RETURN(const std::string format, Text(envelope, "format"));
  if (format != kEnvelopeFormat) {
    return Malformed(absl::StrCat("signed verdict: expected the format '", kEnvelopeFormat, "'"));
  }
  ASSIGN_OR_RETURN(const Bytes content, Base64(envelope, "content"));
  ASSIGN_OR_RETURN(const Bytes signature, Base64(envelope, "signature"));
  ASSIGN_OR_RETURN(const std::string named, Text(envelope, "key_sha256"));
  const std::string ours = ToHex(Sha256(key.spki()));
  if (!key.Verify(SignedBytes(content), signature).ok()) {
    return Refused("BAD_SIGNATURE",
                   absl::StrCat("the verdict is not signed by the key given (sha256 ", ours, ")",
                                named == ours ? ", which it names: it was changed"
                                              : "; it names another key"));
  }
  ordered_json out = ordered_json::parse(AsText(content), nullptr, /*allow_exceptions=*/false);
  ASSIGN_OR_RETURN(const VerdictDocument checked, VerdictDocumentOf(out));
  static_cast<void>(checked);
  ASSIGN_OR_RETURN(const std::string content_format, Text(out, "format"));
  if (content_format != kContentFormat) {
    return Malformed(absl::StrCat("signed verdict: expected the content '", kContentFormat, "'"));
  }
  return out;
}

}  // namespace kedge::cli
