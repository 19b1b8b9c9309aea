#include "storage/core/testing/header_builder.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "storage/core/luks_header.h"

namespace kedge::testing {
namespace {

ByteView WithoutTrailingZeros(ByteView bytes) {
  size_t size = bytes.size();
  while (size > 0 && bytes[size - 1] == 0) --size;
  return bytes.first(size);
}

}  // namespace

void PutField(Bytes& region, size_t copy, LuksField field, ByteView value) {
  std::copy(value.begin(), value.end(),
            region.begin() + static_cast<ptrdiff_t>(copy + field.offset));
}

void PutInteger(Bytes& region, size_t copy, LuksField field, uint64_t value) {
  Bytes bytes(field.size);
  for (size_t i = field.size; i-- > 0; value >>= 8) bytes[i] = static_cast<uint8_t>(value);
  PutField(region, copy, field, bytes);
}

std::string GoodJson() {
  return R"({"keyslots":{"0":{"type":"luks2","key_size":96,"af":{"type":"luks1","stripes":4000,)"
         R"("hash":"sha256"},"area":{"type":"raw","offset":"32768","size":"385024",)"
         R"("encryption":"aes-xts-plain64","key_size":64},"kdf":{"type":"pbkdf2","hash":"sha256",)"
         R"("iterations":1000,"salt":"03BRSEUcQPEtse/vteeRc8k6ggNn/V+yt+mdvOHUAZs="}}},)"
         R"("tokens":{"0":{"type":"kedge","keyslots":["0"],"version":2,"dek_generation":1,)"
         R"("disk_counter":"00000000000000000007","data_sectors":"96736","mac":")"
         R"(abababab00000000000000000000000000000000000000000000000000000000)"
         R"("}},"segments":{"0":{"type":"crypt","offset":"16777216","size":"dynamic",)"
         R"("iv_tweak":"0","encryption":"aes-xts-plain64","sector_size":4096,)"
         R"-("integrity":{"type":"hmac(sha256)","journal_encryption":"none",)-"
         R"("journal_integrity":"none"}}},"digests":{"0":{"type":"pbkdf2","keyslots":["0"],)"
         R"("segments":["0"],"hash":"sha256","iterations":1000,)"
         R"("salt":"nMUHJHbVgYsT8ULB75uf4V/rMpQ6BQKp2VLgFSryIVQ=",)"
         R"("digest":"Kqxwx4zFqoKFj+Qrp9sHynA+4DMd59+AlN5Vf9dWLm8="}},)"
         R"("config":{"json_size":"12288","keyslots_size":"16744448"}})";
}

std::string GoodJsonOfFormat3() { return Replaced(GoodJson(), R"("version":2)", R"("version":3)"); }

std::string GoodJsonOfFormat1() {
  return Replaced(Replaced(GoodJson(), R"("version":2)", R"("version":1)"), "00000000000000000007",
                  "0");
}

std::string GoodJsonOf(uint32_t format) {
  if (format == kHeaderFormat1) return GoodJsonOfFormat1();
  return format == kHeaderFormat2 ? GoodJson() : GoodJsonOfFormat3();
}

Bytes TornWrite(Bytes region, size_t copy, ByteView written, uint32_t mask) {
  for (size_t at = 0; at < written.size(); at += kAtomicWriteBytes) {
    const ByteView stretch = written.subspan(at, kAtomicWriteBytes);
    if (Equal(ByteView(region).subspan(copy + at, kAtomicWriteBytes), stretch)) continue;
    if ((mask & 1) != 0) {
      std::copy(stretch.begin(), stretch.end(), region.begin() + static_cast<ptrdiff_t>(copy + at));
    }
    mask >>= 1;
  }
  return region;
}

int DifferingStretches(ByteView region, size_t copy, ByteView written) {
  int count = 0;
  for (size_t at = 0; at < written.size(); at += kAtomicWriteBytes) {
    if (!Equal(region.subspan(copy + at, kAtomicWriteBytes),
               written.subspan(at, kAtomicWriteBytes))) {
      ++count;
    }
  }
  return count;
}

Bytes HeaderRegion(std::string_view json) {
  Bytes region(kLuksHeaderRegionBytes, 0);
  for (size_t i = kLuksCopiesBytes; i < region.size(); ++i) region[i] = static_cast<uint8_t>(i);
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    PutField(region, copy, kLuksMagic, copy == 0 ? kLuksPrimaryMagic : kLuksSecondaryMagic);
    PutInteger(region, copy, kLuksVersion, 2);
    PutInteger(region, copy, kLuksHeaderSize, kLuksCopyBytes);
    PutInteger(region, copy, kLuksSequence, 4);
    PutField(region, copy, kLuksChecksumAlgorithm, AsBytes("sha256"));
    PutField(region, copy, kLuksSalt, Bytes(kLuksSalt.size, copy == 0 ? 0x51 : 0x52));
    PutField(region, copy, kLuksUuid, AsBytes("17aa7ebd-56a7-4afa-9017-250f0714f63f"));
    PutInteger(region, copy, kLuksHeaderOffset, copy);
    PutField(region, copy, {kLuksBinaryHeaderBytes, kLuksJsonAreaBytes},
             AsBytes(json.substr(0, kLuksJsonAreaBytes)));
    StoreChecksum(region, copy);
  }
  return region;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    std::cerr << "the text does not have exactly one " << from << "\n";
    std::abort();
  }
  return text.replace(at, from.size(), to);
}

Bytes FuzzInput(FuzzMode mode, ByteView region) {
  const ByteView primary = WithoutTrailingZeros(region.first(kLuksCopyBytes));
  const ByteView secondary = WithoutTrailingZeros(region.subspan(kLuksCopyBytes, kLuksCopyBytes));
  const size_t half = std::max(primary.size(), secondary.size());
  Bytes input = {static_cast<uint8_t>(mode)};
  for (const ByteView part : {primary, secondary}) {
    const size_t begin = input.size();
    input.insert(input.end(), part.begin(), part.end());
    input.resize(begin + half);
  }
  return input;
}

Bytes RegionOfFuzzInput(ByteView input) {
  if (input.empty()) return Bytes(kLuksHeaderRegionBytes, 0);
  const ByteView rest = input.subspan(1);
  if (input[0] == static_cast<uint8_t>(FuzzMode::kJson)) return HeaderRegion(AsText(rest));
  Bytes region(kLuksHeaderRegionBytes, 0);
  const size_t half = std::min(rest.size() / 2, kLuksCopyBytes);
  std::copy_n(rest.begin(), half, region.begin());
  std::copy_n(rest.begin() + static_cast<ptrdiff_t>(rest.size() / 2), half,
              region.begin() + kLuksCopyBytes);
  if (input[0] == static_cast<uint8_t>(FuzzMode::kFixed)) {
    StoreChecksum(region, 0);
    StoreChecksum(region, kLuksCopyBytes);
  }
  return region;
}

}  // namespace kedge::testing
