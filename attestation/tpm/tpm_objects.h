// What the TPM's structures and NV contents are to the rest of this room. For .cc files of this
// room only.
#pragma once

#include <tss2/tss2_common.h>
#include <tss2/tss2_tpm2_types.h>

#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// The TPM holds nothing under the handle asked for, whichever of the command's handles it was.
inline bool IsNoSuchHandle(TSS2_RC code) { return (code & ~TPM2_RC_N_MASK) == TPM2_RC_HANDLE; }

// TPMT_PUBLIC as bytes and back.
StatusOr<Bytes> Marshalled(const TPMT_PUBLIC& area);
StatusOr<TPMT_PUBLIC> Unmarshalled(ByteView bytes);
// SubjectPublicKeyInfo of an RSA key, or of an ECC key on P-256 or P-384.
StatusOr<Bytes> SpkiOf(const TPMT_PUBLIC& area);

// NV indices are often larger than the certificate in them: the one DER SEQUENCE at the start.
StatusOr<Bytes> TrimmedDer(ByteView bytes);
// SubjectPublicKeyInfo of a certificate in DER.
StatusOr<Bytes> SpkiOfDerCertificate(ByteView der);

}  // namespace kedge
