// Attestation documents of AWS Nitro Enclaves (NSM) and of NitroTPM: a COSE_Sign1 (RFC 9052 section
// 4.2) around a CBOR map. Pure, bounded; MALFORMED. Views live as long as the bytes given.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr int64_t kCoseEs384 = -35;  // ECDSA P-384 with SHA-384 (RFC 9053 section 2.1)

struct CoseSign1 {
  ByteView protected_header;  // as signed
  int64_t algorithm = 0;
  ByteView payload;  // as signed
  ByteView signature;
};
// Untagged, or with tag 18; nothing behind it.
StatusOr<CoseSign1> ParseCoseSign1(ByteView bytes);
// Sig_structure (RFC 9052 section 4.4) over the original bytes, without external data.
Bytes ToBeSigned(const CoseSign1& message);

struct NitroDocument {
  std::string module_id;
  uint64_t timestamp_ms = 0;       // since 1970
  std::string digest;              // "SHA384", also "SHA256" and "SHA512"
  bool nitro_tpm = false;          // PCRs of a NitroTPM, not of an enclave
  PcrValues pcrs;                  // of an enclave: 0-4 and 8 are in use
  ByteView certificate;            // DER, of the key that signed
  std::vector<ByteView> cabundle;  // DER, the root first
  std::optional<ByteView> public_key;
  std::optional<ByteView> user_data;
  std::optional<ByteView> nonce;
  std::vector<std::string> other_members;  // printable names of what we do not know
};
// The payload. Limits are those of the specification: certificates of 1 to 1,024 bytes, at most 16
// of them, at most 32 PCRs of the digest's size, user data of at most 4,096 bytes.
StatusOr<NitroDocument> ParseNitroDocument(ByteView payload);

// The COSE message inside a file: the file itself, or the first field of dstack's SCALE encoding of
// an attestation (u8 version 0, u8 kind, bytes, events, report data, configuration), which must be
// whole too.
StatusOr<ByteView> FindCoseMessage(ByteView file);

}  // namespace kedge
