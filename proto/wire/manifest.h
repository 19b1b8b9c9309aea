// The manifest's file form: kedge.v1.Manifest as strict JSON (docs/FORMATS.md).
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/manifest.h"

namespace kedge::wire {

// At most kMaxManifestSize bytes. MALFORMED for the form, MANIFEST_NOT_VALID for the content.
StatusOr<Manifest> ParseManifest(ByteView bytes);

// The JSON text of `terms`; ParseManifest reads it back.
StatusOr<std::string> PrintManifest(const ManifestTerms& terms);

}  // namespace kedge::wire
