// Builds state disk headers, for tests and for the fuzz corpus.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "storage/core/luks_layout.h"

namespace kedge::testing {

inline constexpr uint64_t kDiskBytes = uint64_t{64} << 20;

// The JSON that libcryptsetup 2.6.1 wrote for one of our disks, with counter 7 and a fixed MAC.
std::string GoodJson();
// The same in header format 1, which does not count.
std::string GoodJsonOfFormat1();

// The same in header format 3, whose file system lies in a prepared extent.
std::string GoodJsonOfFormat3();

// One of these three.
std::string GoodJsonOf(uint32_t format);

// A whole header region whose two copies carry `json` (cut off where its area ends), with right
// checksums; the keyslot area counts up.
Bytes HeaderRegion(std::string_view json);

// What a power cut leaves of the write of `copy` over `region`'s: each stretch of kAtomicWriteBytes
// from `mask`, bit 0 first, whose bytes differ is new where its bit is set.
Bytes TornWrite(Bytes region, size_t copy, ByteView written, uint32_t mask);
// How many stretches differ.
int DifferingStretches(ByteView region, size_t copy, ByteView written);

// Changes `text` at the one place where `from` stands; aborts where it does not stand once.
std::string Replaced(std::string text, std::string_view from, std::string_view to);

// Writes into the copy that begins at `copy`; integers are big-endian.
void PutField(Bytes& region, size_t copy, LuksField field, ByteView value);
void PutInteger(Bytes& region, size_t copy, LuksField field, uint64_t value);

// Fuzz input: a mode byte, then both header copies without their trailing zeros, each half of what
// follows. kFixed gets right checksums before it is parsed; kJson is JSON text for HeaderRegion.
enum class FuzzMode : uint8_t { kRaw = 'R', kFixed = 'F', kJson = 'J' };
Bytes FuzzInput(FuzzMode mode, ByteView region);
// The region that an input stands for; any bytes are good.
Bytes RegionOfFuzzInput(ByteView input);

}  // namespace kedge::testing
