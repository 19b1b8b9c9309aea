// One piece of collateral, as it was received and as it is kept.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <string>

#include "attestation/collateral/http.h"

namespace kedge::collateral {

struct Document {
  std::string url;  // the whole address: the key of the cache
  absl::Time fetched;
  std::string issuer_chain_pem;  // from a header; empty where there is none
  Bytes body;
};

// What a document says about itself, once its signature has been verified.
struct DocumentFacts {
  std::string subject;  // what it is about, the same in every edition: "tcb-info/90c06f000000"
  Bytes edition;        // number that never goes back (CRL number, tcbEvaluationDataNumber)
  absl::Time issued;    // never goes back either
  absl::Time next_update;
};

// Verifies a document to pinned roots, whatever the time is. MALFORMED, or PERMISSION_DENIED.
using DocumentCheck = std::function<StatusOr<DocumentFacts>(const Document&)>;

// Persistent form (docs/FORMATS.md, "Collateral cache"). Decode refuses anything that was changed
// or cut: MALFORMED.
Bytes EncodeDocument(const Document& document);
StatusOr<Document> DecodeDocument(ByteView bytes);

// The highest edition and date seen of one subject.
struct Watermark {
  std::string subject;
  Bytes edition;
  absl::Time issued;
};
Bytes EncodeWatermark(const Watermark& mark);
StatusOr<Watermark> DecodeWatermark(ByteView bytes);

// PERMISSION_DENIED with fault COLLATERAL_ROLLBACK where `facts` are behind `mark`.
Status CheckNotBehind(const DocumentFacts& facts, const Watermark& mark);

}  // namespace kedge::collateral
