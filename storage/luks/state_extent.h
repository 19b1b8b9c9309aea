// The prepared part of an opened state disk: its record, and the device with the file system that
// shows this part and nothing else. Blocking; one thread at a time.
#pragma once

#include <string>

#include "base/secret_bytes.h"
#include "base/status.h"
#include "storage/core/extent_record.h"
#include "storage/core/live_table.h"

namespace kedge {

// What the device with the file system shows of the opened device `number` ("major:minor").
LinearWindow WindowOf(const ExtentRecord& record, const std::string& number);

// Writes the record of the freshly prepared, opened device `mapping` and maps what it names.
Status CreateExtent(const std::string& mapping, const ExtentRecord& record,
                    const SecretBytes& extent_key);

// Reads and judges the record of the opened device, maps exactly what it names, and checks that the
// file system in it ends there. Nothing is written.
// Faults: EXTENT_DAMAGED, EXTENT_STALE, TABLE_MISMATCH, MARKER_MISSING.
StatusOr<ExtentRecord> OpenExtent(const std::string& mapping, const SecretBytes& extent_key,
                                  const ExtentExpectation& expected);

// Takes the record of the opened device, judged again, to `disk_counter`; durable when it returns.
// Before the header's counter is advanced: once that is, a record from before is EXTENT_STALE.
// Nothing is written where it is as far. Faults: EXTENT_DAMAGED, EXTENT_STALE; DISK_ABSENT where
// the disk is not open.
Status AdvanceExtent(const std::string& mapping, const SecretBytes& extent_key,
                     const ExtentExpectation& expected, uint64_t disk_counter);

}  // namespace kedge
