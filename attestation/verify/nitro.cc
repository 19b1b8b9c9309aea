#include "attestation/verify/nitro.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/verify/certificate_path.h"
#include "attestation/verify/tpm_anchors.h"
#include "crypto/certificate.h"
#include "crypto/p384_verifier.h"

namespace kedge {
namespace {

constexpr size_t kSignatureSize = 96;  // r and s of P-384 (RFC 9053 section 2.1)

void CheckSignature(const CoseSign1& message, const Certificate& signer, CheckList& checks) {
  if (message.signature.size() != kSignatureSize) {
    checks.Malformed("SIGNATURE_FORMAT", absl::StrCat(kSignatureSize, " bytes"),
                     absl::StrCat(message.signature.size(), " bytes"));
    return;
  }
  const StatusOr<P384Verifier> key = P384Verifier::FromSpki(signer.spki());
  if (!key.ok()) {
    checks.Fail("SIGNATURE", "a P-384 key in the document's certificate", "another key");
    return;
  }
  const size_t half = kSignatureSize / 2;
  checks.DemandOk("SIGNATURE",
                  key->VerifyDigest(Sha384(ToBeSigned(message)), message.signature.first(half),
                                    message.signature.subspan(half)),
                  "signed by the document's certificate");
}

StatusOr<std::vector<Certificate>> ReadBundle(const NitroDocument& document) {
  std::vector<Certificate> out;
  for (ByteView der : document.cabundle) {
    ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromDer(der));
    out.push_back(std::move(certificate));
  }
  if (out.empty()) return Malformed("the certificate bundle is empty");
  return out;
}

struct Parts {
  CoseSign1 message;
  NitroDocument document;
  Certificate signer;
  std::vector<Certificate> bundle;
};
StatusOr<Parts> ReadParts(ByteView file) {
  ASSIGN_OR_RETURN(const ByteView found, FindCoseMessage(file));
  ASSIGN_OR_RETURN(const CoseSign1 message, ParseCoseSign1(found));
  ASSIGN_OR_RETURN(NitroDocument document, ParseNitroDocument(message.payload));
  ASSIGN_OR_RETURN(Certificate signer, Certificate::FromDer(document.certificate));
  ASSIGN_OR_RETURN(std::vector<Certificate> bundle, ReadBundle(document));
  return Parts{message, std::move(document), std::move(signer), std::move(bundle)};
}

void CheckRoot(const Certificate& root, CheckList& checks) {
  const PinnedAnchor* pinned = FindAnchor(NitroAnchors(), root.spki_sha256());
  const std::string key = "SPKI sha256:" + ToHex(root.spki_sha256());
  // The pin is of the key; the dates in the document are worth what that key signed.
  const Status own = root.VerifySignedBy(root);
  checks.Demand("ROOT_PIN", pinned != nullptr && own.ok(), std::string(NitroAnchors()[0].name),
                pinned == nullptr ? root.subject() + ", " + key
                : own.ok()        ? std::string(pinned->name)
                                  : MessageOf(own));
}

void CheckField(std::string name, const std::optional<Bytes>& expected,
                const std::optional<ByteView>& actual, CheckList& checks) {
  const ByteView value = actual.value_or(ByteView());
  if (expected) {
    checks.DemandEqual(std::move(name), *expected, value);
  } else {
    checks.Skip(std::move(name), "the caller named none", ToHex(value));
  }
}

// An enclave in debug mode has zeros in the registers of its image. A NitroTPM without measured
// boot has them everywhere.
void CheckMeasured(const NitroDocument& document, CheckList& checks) {
  const PcrIndex last = document.nitro_tpm ? 7 : 2;
  size_t seen = 0;
  bool measured = false;
  for (const auto& [index, value] : document.pcrs) {
    if (index > last) break;
    ++seen;
    measured =
        measured || std::any_of(value.begin(), value.end(), [](uint8_t byte) { return byte != 0; });
  }
  checks.Demand("DEBUG_ZERO_PCRS", measured, absl::StrCat("measurements in PCRs 0-", last),
                measured   ? "there"
                : seen > 0 ? "all zero: debug mode"
                           : "no such PCRs");
}

}  // namespace

NitroClaims VerifyNitroDocument(ByteView file, const NitroQuestion& question, CheckList& checks) {
  NitroClaims claims;
  StatusOr<Parts> parts = ReadParts(file);
  if (!parts.ok()) {
    checks.Malformed("FORMAT", "a COSE_Sign1 attestation document", MessageOf(parts.status()));
    return claims;
  }
  checks.Pass("FORMAT", "a COSE_Sign1 attestation document",
              parts->document.nitro_tpm ? "NitroTPM" : "Nitro Enclave");
  claims.document = std::move(parts->document);
  claims.signer = parts->signer.subject();

  if (parts->message.algorithm != kCoseEs384) {
    checks.Malformed("SIG_ALGO", "ES384 (-35)", absl::StrCat(parts->message.algorithm));
  } else {
    CheckSignature(parts->message, parts->signer, checks);
  }
  const Certificate& root = parts->bundle.front();
  CheckPath(BuildPath(parts->signer, parts->bundle, root), root, question.at, checks);
  CheckRoot(root, checks);
  CheckField("NONCE", question.nonce, claims.document->nonce, checks);
  CheckField("USER_DATA", question.user_data, claims.document->user_data, checks);
  CheckMeasured(*claims.document, checks);
  return claims;
}

}  // namespace kedge
