#include "attestation/parse/device_path.h"

#include <absl/strings/str_cat.h>

#include "attestation/parse/printable.h"
#include "attestation/parse/uefi.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxPath = 4096;
constexpr size_t kMaxNodes = 64;
// EISA ids of "PNP0A03" and "PNP0A08", compressed (UEFI 2.10, 10.3.3).
constexpr uint32_t kPciRoot = 0x0A0341D0;
constexpr uint32_t kPcieRoot = 0x0A0841D0;

std::string Number(uint64_t value) { return absl::StrCat("0x", absl::Hex(value)); }

StatusOr<std::string> HardwareNode(uint8_t subtype, Reader& body) {
  if (subtype == 1) {
    ASSIGN_OR_RETURN(const uint8_t function, body.U8());
    ASSIGN_OR_RETURN(const uint8_t device, body.U8());
    return absl::StrCat("Pci(", Number(device), ",", Number(function), ")");
  }
  if (subtype == 3) {
    ASSIGN_OR_RETURN(const uint32_t type, body.U32Le());
    ASSIGN_OR_RETURN(const uint64_t start, body.U64Le());
    ASSIGN_OR_RETURN(const uint64_t end, body.U64Le());
    return absl::StrCat("MemoryMapped(", Number(type), ",", Number(start), ",", Number(end), ")");
  }
  if (subtype == 4) {
    ASSIGN_OR_RETURN(const ByteView guid, body.Take(kGuidSize));
    return absl::StrCat("VenHw(", GuidText(guid), ")");
  }
  return std::string();
}

StatusOr<std::string> AcpiNode(uint8_t subtype, Reader& body) {
  if (subtype != 1) return std::string();
  ASSIGN_OR_RETURN(const uint32_t hid, body.U32Le());
  ASSIGN_OR_RETURN(const uint32_t uid, body.U32Le());
  if (hid == kPciRoot) return absl::StrCat("PciRoot(", Number(uid), ")");
  if (hid == kPcieRoot) return absl::StrCat("PcieRoot(", Number(uid), ")");
  return absl::StrCat("Acpi(", Number(hid), ",", Number(uid), ")");
}

StatusOr<std::string> MessagingNode(uint8_t subtype, Reader& body) {
  switch (subtype) {
    case 0x02: {
      ASSIGN_OR_RETURN(const uint16_t target, body.U16Le());
      ASSIGN_OR_RETURN(const uint16_t unit, body.U16Le());
      return absl::StrCat("Scsi(", Number(target), ",", Number(unit), ")");
    }
    case 0x05: {
      ASSIGN_OR_RETURN(const uint8_t port, body.U8());
      ASSIGN_OR_RETURN(const uint8_t interface, body.U8());
      return absl::StrCat("USB(", Number(port), ",", Number(interface), ")");
    }
    case 0x0A: {
      ASSIGN_OR_RETURN(const ByteView guid, body.Take(kGuidSize));
      return absl::StrCat("VenMsg(", GuidText(guid), ")");
    }
    case 0x0B: {
      ASSIGN_OR_RETURN(const ByteView address, body.Take(6));
      return absl::StrCat("MAC(", ToHex(address), ")");
    }
    case 0x12: {
      ASSIGN_OR_RETURN(const uint16_t port, body.U16Le());
      ASSIGN_OR_RETURN(const uint16_t multiplier, body.U16Le());
      ASSIGN_OR_RETURN(const uint16_t unit, body.U16Le());
      return absl::StrCat("Sata(", Number(port), ",", Number(multiplier), ",", Number(unit), ")");
    }
    case 0x17: {
      ASSIGN_OR_RETURN(const uint32_t name_space, body.U32Le());
      ASSIGN_OR_RETURN(const ByteView eui, body.Take(8));
      return absl::StrCat("NVMe(", Number(name_space), ",", ToHex(eui), ")");
    }
    case 0x18: {
      ASSIGN_OR_RETURN(const ByteView uri, body.Take(body.remaining()));
      return absl::StrCat("Uri(", PrintableAscii(uri), ")");
    }
    default:
      return std::string();
  }
}

StatusOr<std::string> HardDriveNode(Reader& body) {
  ASSIGN_OR_RETURN(const uint32_t partition, body.U32Le());
  ASSIGN_OR_RETURN(const uint64_t start, body.U64Le());
  ASSIGN_OR_RETURN(const uint64_t size, body.U64Le());
  ASSIGN_OR_RETURN(const ByteView signature, body.Take(kGuidSize));
  RETURN_IF_ERROR(body.Skip(1));  // partition format
  ASSIGN_OR_RETURN(const uint8_t signature_type, body.U8());
  const std::string id = signature_type == 2   ? "GPT," + GuidText(signature)
                         : signature_type == 1 ? "MBR," + ToHex(signature.first(4))
                                               : "None";
  return absl::StrCat("HD(", partition, ",", id, ",", Number(start), ",", Number(size), ")");
}

StatusOr<std::string> MediaNode(uint8_t subtype, Reader& body) {
  switch (subtype) {
    case 0x01:
      return HardDriveNode(body);
    case 0x02: {
      ASSIGN_OR_RETURN(const uint32_t entry, body.U32Le());
      return absl::StrCat("CDROM(", Number(entry), ")");
    }
    case 0x04: {
      ASSIGN_OR_RETURN(const ByteView name, body.Take(body.remaining()));
      return PrintableUtf16(name);
    }
    case 0x03:
    case 0x05:
    case 0x06:
    case 0x07: {
      ASSIGN_OR_RETURN(const ByteView guid, body.Take(kGuidSize));
      const char* name = subtype == 3   ? "VenMedia"
                         : subtype == 5 ? "Media"
                         : subtype == 6 ? "FvFile"
                                        : "Fv";
      return absl::StrCat(name, "(", GuidText(guid), ")");
    }
    case 0x08: {
      RETURN_IF_ERROR(body.Skip(4));
      ASSIGN_OR_RETURN(const uint64_t start, body.U64Le());
      ASSIGN_OR_RETURN(const uint64_t end, body.U64Le());
      return absl::StrCat("Offset(", Number(start), ",", Number(end), ")");
    }
    default:
      return std::string();
  }
}

// The node's text form; empty for a node that has none here.
StatusOr<std::string> NodeText(uint8_t type, uint8_t subtype, Reader body) {
  switch (type) {
    case 0x01:
      return HardwareNode(subtype, body);
    case 0x02:
      return AcpiNode(subtype, body);
    case 0x03:
      return MessagingNode(subtype, body);
    case 0x04:
      return MediaNode(subtype, body);
    default:
      return std::string();
  }
}

}  // namespace

StatusOr<std::string> DevicePathText(ByteView bytes) {
  if (bytes.size() > kMaxPath) return Malformed("a device path of more than 4 KiB");
  Reader reader(bytes);
  std::string out;
  for (size_t nodes = 0; !reader.empty(); ++nodes) {
    if (nodes == kMaxNodes) return Malformed("a device path of more than 64 nodes");
    ASSIGN_OR_RETURN(const uint8_t type, reader.U8());
    ASSIGN_OR_RETURN(const uint8_t subtype, reader.U8());
    ASSIGN_OR_RETURN(const uint16_t length, reader.U16Le());
    if (length < 4) return Malformed("a device path node shorter than its header");
    ASSIGN_OR_RETURN(const ByteView body, reader.Take(length - size_t{4}));
    if (type == 0x7F) {
      if (subtype == 0xFF) return out;
      out += ",";
      continue;
    }
    if (!out.empty() && out.back() != ',') out += "/";
    // A body too short for its type is shown as bytes too.
    const StatusOr<std::string> text = NodeText(type, subtype, Reader(body));
    out += text.ok() && !text->empty()
               ? *text
               : absl::StrCat("Path(", type, ",", subtype, ",", ShortHex(body, 64), ")");
  }
  return out;
}

}  // namespace kedge
