// The certificate table of an extended SNP report (and configfs-tsm's auxblob): structure only.
//
// Source: AMD Guest-Hypervisor Communication Block Standardization (56421), "SNP Extended Guest
// Request": entries of GUID (16 bytes), offset and length (u32 little-endian), ended by a zero one;
// offsets count from the start of the table. The host fills it: nothing in it is trusted.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kMaxSnpCertTable = 128 * 1024;

// What the host put in, each as it stands there (DER, sometimes PEM); empty where it is missing.
struct SnpCertTable {
  Bytes vcek;
  Bytes vlek;
  Bytes ask;  // the intermediate of either kind: ASK or ASVK
  Bytes ark;
  std::vector<Bytes> crls;
  size_t unknown = 0;  // entries with other GUIDs
};

// MALFORMED where an entry points outside, a kind is there twice, or the end entry is missing. An
// empty blob and one of zeroes alone are an empty table: the host had nothing to give. GUIDs are
// taken in the order of RFC 4122 and in the mixed-endian one, which some hosts write.
StatusOr<SnpCertTable> ParseSnpCertTable(ByteView blob);

}  // namespace kedge
