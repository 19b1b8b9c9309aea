// UEFI structures inside measured events: variables, signature lists, load options, image loads and
// partition tables (UEFI 2.10; TCG PC Client Platform Firmware Profile 1.05, section 10.2). Pure
// and bounded; MALFORMED. Views live as long as the bytes given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kGuidSize = 16;
// EFI_GUID in its mixed byte order: "8be4df61-93ca-11d2-aa0d-00e098032b8c". Exactly 16 bytes.
std::string GuidText(ByteView guid);

inline constexpr std::string_view kGlobalVariableGuid = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
inline constexpr std::string_view kImageSecurityGuid = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
inline constexpr std::string_view kShimLockGuid = "605dab50-e046-4300-abb6-3dd810dd8b23";

// UEFI_VARIABLE_DATA.
struct UefiVariable {
  std::string guid;
  std::string name;  // printable
  ByteView data;
  size_t trailing = 0;  // bytes that some firmware leaves behind the data
};
StatusOr<UefiVariable> ParseUefiVariable(ByteView bytes);

// One entry of the EFI_SIGNATURE_LISTs of PK, KEK, db, dbx.
struct UefiSignature {
  std::string type;   // "x509", "sha256", "rsa2048", "x509-sha256", or a GUID
  std::string owner;  // GUID
  ByteView data;
};
// At most 16,384 entries.
StatusOr<std::vector<UefiSignature>> ParseSignatureLists(ByteView bytes);
// A single EFI_SIGNATURE_DATA with a certificate, as EV_EFI_VARIABLE_AUTHORITY carries it.
StatusOr<UefiSignature> ParseSignatureData(ByteView bytes);

// EFI_LOAD_OPTION, the content of a Boot#### variable.
struct UefiLoadOption {
  bool active = false;
  std::string description;
  std::string path;
  ByteView optional_data;
};
StatusOr<UefiLoadOption> ParseLoadOption(ByteView bytes);

// UEFI_IMAGE_LOAD_EVENT.
struct UefiImageLoad {
  uint64_t address = 0;
  uint64_t length = 0;
  std::string path;
};
StatusOr<UefiImageLoad> ParseImageLoad(ByteView bytes);

// UEFI_GPT_DATA; unused entries are left out.
struct GptPartition {
  std::string type;  // GUID
  std::string id;    // GUID
  std::string name;
  uint64_t first_sector = 0;
  uint64_t last_sector = 0;
};
struct GptTable {
  std::string disk;  // GUID
  std::vector<GptPartition> partitions;
};
StatusOr<GptTable> ParseGptEvent(ByteView bytes);

}  // namespace kedge
