// What the kernel really runs after a state disk was opened (S3). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace kedge {

// One target of a device-mapper device, as DM_TABLE_STATUS prints it. Units: 512-byte sectors.
struct TableTarget {
  uint64_t start = 0;
  uint64_t length = 0;
  std::string type;
  std::string parameters;
};

struct LiveTables {
  std::vector<TableTarget> crypt;
  std::vector<TableTarget> integrity;
};

struct ExpectedTables {
  uint64_t data_sectors = 0;
  std::string uuid;              // of the LUKS2 header
  std::string disk;              // "major:minor" of the state disk
  std::string integrity_device;  // "major:minor" of the integrity device
};

// Exactly one dm-crypt target (aes-xts with hmac-sha256, 4,096-byte sectors, key in the kernel
// keyring) over exactly one dm-integrity target (32-byte tags, journal) over the state disk, both
// of the size that the header MAC vouches for, and no option beyond the usual.
// Faults: TABLE_MISMATCH. Never prints a key field.
Status CheckLiveTables(const LiveTables& live, const ExpectedTables& expected);

// A window on the opened device that carries the file system. Units: 512-byte sectors.
struct LinearWindow {
  std::string device;  // "major:minor"
  uint64_t start = 0;
  uint64_t length = 0;
};

// What dm-linear takes as its parameters.
std::string LinearParameters(const LinearWindow& window);

// Exactly one dm-linear target: this window. Faults: TABLE_MISMATCH.
Status CheckLinearTable(const std::vector<TableTarget>& live, const LinearWindow& expected);

}  // namespace kedge
