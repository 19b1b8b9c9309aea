#include "storage/core/testing/hostile_headers.h"

#include <algorithm>
#include <functional>

#include "storage/core/luks_header.h"
#include "storage/core/testing/header_builder.h"

namespace kedge::testing {
namespace {

// The good region, edited, with right checksums.
Bytes Edited(const std::function<void(Bytes&)>& edit) {
  Bytes region = HeaderRegion(GoodJson());
  edit(region);
  StoreChecksum(region, 0);
  StoreChecksum(region, kLuksCopyBytes);
  return region;
}

// The same edit in both copies.
Bytes BothEdited(const std::function<void(Bytes&, size_t)>& edit) {
  return Edited([&edit](Bytes& region) {
    edit(region, 0);
    edit(region, kLuksCopyBytes);
  });
}

std::vector<HostileHeader> HostileBinaryHeaders() {
  const auto set_integer = [](LuksField field, uint64_t value) {
    return BothEdited([=](Bytes& r, size_t copy) { PutInteger(r, copy, field, value); });
  };
  const auto set_text = [](LuksField field, std::string_view text) {
    return BothEdited([=](Bytes& r, size_t copy) { PutField(r, copy, field, AsBytes(text)); });
  };
  const auto set_byte = [](size_t offset) { return Edited([=](Bytes& r) { r[offset] = 1; }); };
  // Of both copies: one alone is what a cut-off write leaves.
  Bytes wrong_checksums = HeaderRegion(GoodJson());
  wrong_checksums[kLuksChecksum.offset] ^= 1;
  wrong_checksums[kLuksCopyBytes + kLuksChecksum.offset] ^= 1;
  Bytes checksum_tail = HeaderRegion(GoodJson());
  checksum_tail[kLuksChecksum.offset + 32] = 1;
  Bytes swapped = HeaderRegion(GoodJson());
  std::swap_ranges(swapped.begin(), swapped.begin() + kLuksCopyBytes,
                   swapped.begin() + kLuksCopyBytes);
  Bytes no_secondary = HeaderRegion(GoodJson());
  std::fill_n(no_secondary.begin() + kLuksCopyBytes, kLuksCopyBytes, uint8_t{0});
  const auto unfinished = [](const std::function<void(Bytes&)>& edit) {
    return Edited([&edit](Bytes& r) {
      PutInteger(r, 0, kLuksSequence, 5);
      const std::string newer = Replaced(GoodJson(), "0007", "0008");
      PutField(r, 0, {kLuksBinaryHeaderBytes, kLuksJsonAreaBytes}, AsBytes(newer));
      edit(r);
    });
  };
  const auto torn = [](size_t offset) {
    Bytes region = HeaderRegion(GoodJson());
    region[offset] ^= 1;
    return region;
  };
  const auto replace_in = [](Bytes& r, size_t copy, const char* from, const char* to) {
    PutField(r, copy, {kLuksBinaryHeaderBytes, kLuksJsonAreaBytes},
             AsBytes(Replaced(GoodJson(), from, to)));
  };
  const char* const differ = "differ in more than an advance of the counter";
  const size_t json_end = kLuksBinaryHeaderBytes + GoodJson().size();

  return {
      {"primary-magic", Edited([](Bytes& r) { r[0] = 'M'; }), "primary copy: no LUKS magic"},
      {"secondary-magic", Edited([](Bytes& r) { r[kLuksCopyBytes] = 'L'; }),
       "secondary copy: no LUKS magic"},
      {"luks1", set_integer(kLuksVersion, 1), "version is not 2"},
      {"version-3", set_integer(kLuksVersion, 3), "version is not 2"},
      {"size-larger", set_integer(kLuksHeaderSize, 32768), "is not 16384"},
      {"size-huge", set_integer(kLuksHeaderSize, UINT64_MAX), "is not 16384"},
      {"sequence-zero", set_integer(kLuksSequence, 0), "sequence is 0"},
      {"sequences-differ", Edited([](Bytes& r) { PutInteger(r, 0, kLuksSequence, 9); }),
       "differ in sequence or UUID"},
      {"label", set_text(kLuksLabel, "x"), "has a label"},
      {"checksum-algorithm", set_text(kLuksChecksumAlgorithm, "sha512"), "is not sha256"},
      {"checksum-algorithm-tail", set_text(kLuksChecksumAlgorithm, "sha256-"), "is not sha256"},
      {"uuid-upper-case", set_text(kLuksUuid, "17AA"), "UUID is malformed"},
      {"uuid-no-dash", set_byte(kLuksUuid.offset + 8), "UUID is malformed"},
      {"uuid-tail", set_byte(kLuksUuid.offset + 39), "UUID is malformed"},
      {"uuids-differ", Edited([](Bytes& r) { r[kLuksUuid.offset] = '2'; }),
       "differ in sequence or UUID"},
      {"subsystem", set_text(kLuksSubsystem, "x"), "has a subsystem"},
      {"offset", set_integer(kLuksHeaderOffset, 4096), "names another offset"},
      {"padding", set_byte(kLuksPadding.offset), "padding is not zero"},
      {"padding-4096", set_byte(kLuksBinaryHeaderBytes - 1), "padding is not zero"},
      {"checksum", wrong_checksums, "primary copy: checksum is wrong"},
      {"checksum-tail", checksum_tail, "primary copy: checksum is wrong"},
      {"copies-swapped", swapped, "primary copy: no LUKS magic"},
      {"no-secondary", no_secondary, "secondary copy: no LUKS magic"},
      {"json-differs", Edited([](Bytes& r) { r[kLuksBinaryHeaderBytes] = ' '; }),
       "differ in their JSON"},
      {"json-tail", BothEdited([=](Bytes& r, size_t copy) { r[copy + json_end + 1] = '}'; }),
       "bytes follow the JSON text"},
      // Not what an advance leaves between its two copies …
      {"advance-secondary-first", unfinished([](Bytes& r) {
         std::swap_ranges(r.begin() + 4096, r.begin() + kLuksCopyBytes,
                          r.begin() + kLuksCopyBytes + 4096);
         PutInteger(r, 0, kLuksSequence, 4);
         PutInteger(r, kLuksCopyBytes, kLuksSequence, 5);
       }),
       "differ in sequence or UUID"},
      {"advance-skips", unfinished([](Bytes& r) { PutInteger(r, 0, kLuksSequence, 6); }),
       "differ in sequence or UUID"},
      {"advance-back", unfinished([&](Bytes& r) { replace_in(r, 0, "0007", "0006"); }), differ},
      {"advance-stays", unfinished([&](Bytes& r) { replace_in(r, 0, "0007", "0007"); }), differ},
      {"advance-salt", unfinished([&](Bytes& r) { replace_in(r, kLuksCopyBytes, "03BR", "03BS"); }),
       differ},
      {"advance-generation", unfinished([&](Bytes& r) {
         replace_in(r, kLuksCopyBytes, "generation\":1", "generation\":2");
       }),
       differ},
      {"advance-uuid", unfinished([](Bytes& r) { r[kLuksUuid.offset] = '2'; }), differ},
      {"advance-null-cipher", unfinished([&](Bytes& r) {
         replace_in(r, kLuksCopyBytes, "\"iv_tweak\":\"0\",\"encryption\":\"aes-xts-plain64\"",
                    "\"iv_tweak\":\"0\",\"encryption\":\"cipher_null-ecb\"");
       }),
       "/segments/0/encryption"},
      // … nor in the middle of one.
      {"torn-uuid", torn(kLuksUuid.offset), "primary copy: checksum is wrong"},
      {"torn-label", torn(kLuksLabel.offset), "primary copy: has a label"},
      {"torn-padding", torn(kLuksBinaryHeaderBytes - 1), "primary copy: padding is not zero"},
      {"torn-json", torn(kLuksBinaryHeaderBytes + 30), "primary copy: checksum is wrong"},
      {"torn-json-end", torn(kLuksCopyBytes - 1), "primary copy: checksum is wrong"},
      {"torn-second-json", torn(kLuksCopyBytes + kLuksBinaryHeaderBytes + 30),
       "secondary copy: checksum is wrong"},
      {"json-unterminated", HeaderRegion(std::string(kLuksJsonAreaBytes, ' ')),
       "does not end inside its area"},
  };
}

// What is wrong with the JSON, as one replacement in the good text.
struct JsonEdit {
  const char* name;
  std::string from;
  std::string to;
  const char* expected;
};

std::vector<JsonEdit> EditsOfKeyslots() {
  const std::string kdf = R"("kdf":{"type":"pbkdf2","hash":"sha256","iterations":)";
  const std::string salt = R"(,"salt":"03BR)";
  const std::string good = kdf + "1000" + salt;
  const auto iterations = [&](const char* name, const std::string& value) {
    return JsonEdit{name, good, kdf + value + salt, "/keyslots/0/kdf/iterations"};
  };
  const std::string tail = R"(+mdvOHUAZs="}}},"tokens")";
  return {
      {"null-cipher-keyslot", R"("encryption":"aes-xts-plain64","key_size":64)",
       R"("encryption":"cipher_null-ecb","key_size":64)", "/keyslots/0/area/encryption"},
      {"keyslot-second", tail, R"(+mdvOHUAZs="}},"1":{}},"tokens")",
       "/keyslots: unknown member \"1\""},
      {"keyslot-number", R"("keyslots":{"0")", R"("keyslots":{"1")",
       "/keyslots: member \"0\" missing"},
      {"keyslot-reencrypt", R"("type":"luks2")", R"("type":"reencrypt")", "/keyslots/0/type"},
      {"keyslot-priority", R"("type":"luks2",)", R"("type":"luks2","priority":0,)",
       "/keyslots/0: unknown member \"priority\""},
      {"keyslot-key-size", R"("key_size":96)", R"("key_size":64)", "/keyslots/0/key_size"},
      {"keyslot-stripes", R"("stripes":4000)", R"("stripes":1)", "/keyslots/0/af/stripes"},
      {"keyslot-af-hash", R"("stripes":4000,"hash":"sha256")", R"("stripes":4000,"hash":"sha1")",
       "/keyslots/0/af/hash"},
      {"keyslot-area-type", R"("type":"raw")", R"("type":"datashift")", "/keyslots/0/area/type"},
      {"keyslot-area-at-header", R"("offset":"32768")", R"("offset":"0")",
       "/keyslots/0/area/offset"},
      {"keyslot-area-in-data", R"("offset":"32768")", R"("offset":"16777216")",
       "/keyslots/0/area/offset"},
      {"keyslot-area-size", R"("size":"385024")", R"("size":"18446744073709551615")",
       "/keyslots/0/area/size"},
      {"kdf-argon2", good,
       R"("kdf":{"type":"argon2id","time":1000000,"memory":4194304,"cpus":4,"salt":"03BR)",
       "/keyslots/0/kdf/type"},
      {"kdf-hash", good, R"("kdf":{"type":"pbkdf2","hash":"md5","iterations":1000,"salt":"03BR)",
       "/keyslots/0/kdf/hash"},
      iterations("iterations-few", "999"),
      iterations("iterations-many", "4294967295"),
      iterations("iterations-negative", "-1000"),
      iterations("iterations-float", "1000.0"),
      iterations("iterations-exponent", "1e3"),
      iterations("iterations-text", R"("1000")"),
      iterations("iterations-beyond-64-bits", "18446744073709552616"),
      {"salt-short", "03BRSEUc", "03BR", "/keyslots/0/kdf/salt"},
      {"salt-not-base64", "03BRSEUc", "03BR*EUc", "/keyslots/0/kdf/salt"},
      {"salt-number", R"("salt":"03BRSEUcQPEtse/vteeRc8k6ggNn/V+yt+mdvOHUAZs=")", R"("salt":3)",
       "/keyslots/0/kdf/salt"},
  };
}

std::vector<JsonEdit> EditsOfSegmentsAndDigests() {
  const std::string cipher = R"("iv_tweak":"0","encryption":)";
  const std::string head = R"("segments":{"0":{"type":"crypt",)";
  return {
      {"null-cipher-segment", cipher + R"("aes-xts-plain64")", cipher + R"("cipher_null-ecb")",
       "/segments/0/encryption"},
      {"weak-cipher-segment", cipher + R"("aes-xts-plain64")", cipher + R"("aes-ecb")",
       "/segments/0/encryption"},
      {"no-integrity",
       R"-(,"integrity":{"type":"hmac(sha256)","journal_encryption":"none",)-"
       R"("journal_integrity":"none"})",
       "", "/segments/0: member \"integrity\" missing"},
      {"integrity-none", "hmac(sha256)", "none", "/segments/0/integrity/type"},
      {"journal-encryption", R"("journal_encryption":"none")",
       R"-("journal_encryption":"ctr(aes)")-", "/segments/0/integrity/journal_encryption"},
      {"segment-second", head, R"("segments":{"1":{},"0":{"type":"crypt",)",
       "/segments: unknown member \"1\""},
      {"segment-linear", head, R"("segments":{"0":{"type":"linear",)", "/segments/0/type"},
      {"segment-flags", head, R"("segments":{"0":{"flags":["backup-final"],"type":"crypt",)",
       "/segments/0: unknown member \"flags\""},
      {"segment-offset-zero", R"("offset":"16777216")", R"("offset":"0")", "/segments/0/offset"},
      {"segment-offset-spelling", R"("offset":"16777216")", R"("offset":"016777216")",
       "/segments/0/offset"},
      {"segment-size", R"("size":"dynamic")", R"("size":"4096")", "/segments/0/size"},
      {"segment-iv-tweak", R"("iv_tweak":"0")", R"("iv_tweak":"8")", "/segments/0/iv_tweak"},
      {"segment-sector-size", R"("sector_size":4096)", R"("sector_size":512)",
       "/segments/0/sector_size"},
      {"digest-second", R"("digests":{)", R"("digests":{"1":{},)",
       "/digests: unknown member \"1\""},
      {"digest-no-segment", R"("segments":["0"])", R"("segments":[])", "/digests/0/segments"},
      {"digest-hash", R"("segments":["0"],"hash":"sha256")", R"("segments":["0"],"hash":"sha1")",
       "/digests/0/hash"},
      {"digest-short", "Kqxwx4zFqoKFj+Qr", "", "/digests/0/digest"},
  };
}

std::vector<JsonEdit> EditsOfTokenAndConfig() {
  const std::string generation = R"("dek_generation":)";
  const std::string counter = R"("disk_counter":)";
  const std::string good_counter = R"("00000000000000000007")";
  const std::string sectors = R"("data_sectors":)";
  const auto set = [](const char* name, const std::string& member, const std::string& good,
                      const std::string& bad, const char* expected) {
    return JsonEdit{name, member + good, member + bad, expected};
  };
  return {
      {"token-none", R"("tokens":{"0")", R"("tokens":{"7")", "/tokens: member \"0\" missing"},
      {"token-second", R"("tokens":{)", R"("tokens":{"1":{"type":"x","keyslots":[]},)",
       "/tokens: unknown member \"1\""},
      {"token-keyring", R"("type":"kedge")", R"("type":"luks2-keyring")", "/tokens/0/type"},
      {"token-foreign", R"("type":"kedge")", R"("type":"clevis")", "/tokens/0/type"},
      {"token-member", R"("version":2)", R"("version":2,"initialised":true)",
       "/tokens/0: unknown member \"initialised\""},
      {"token-version", R"("version":2)", R"("version":4)", "/tokens/0/version"},
      {"token-version-with-counter", R"("version":2)", R"("version":1)", "/tokens/0/disk_counter"},
      set("token-generation-zero", generation, "1", "0", "/tokens/0/dek_generation"),
      set("token-generation-huge", generation, "1", "4294967296", "/tokens/0/dek_generation"),
      set("token-counter-huge", counter, good_counter, R"("18446744073709551616")",
          "/tokens/0/disk_counter"),
      set("token-counter-hex", counter, good_counter, R"("0000000000000000000a")",
          "/tokens/0/disk_counter"),
      set("token-counter-sign", counter, good_counter, R"("-0000000000000000001")",
          "/tokens/0/disk_counter"),
      set("token-counter-short", counter, good_counter, R"("7")", "/tokens/0/disk_counter"),
      set("token-counter-long", counter, good_counter, R"("000000000000000000007")",
          "/tokens/0/disk_counter"),
      set("token-counter-empty", counter, good_counter, R"("")", "/tokens/0/disk_counter"),
      set("token-counter-number", counter, good_counter, "7", "/tokens/0/disk_counter"),
      set("token-data-zero", sectors, R"("96736")", R"("0")", "data size does not fit"),
      set("token-data-unaligned", sectors, R"("96736")", R"("96735")", "data size does not fit"),
      set("token-data-huge", sectors, R"("96736")", R"("18446744073709551608")",
          "data size does not fit"),
      {"token-mac-upper-case", "abababab", "ABababab", "/tokens/0/mac"},
      {"token-mac-short", "abababab", "ababab", "/tokens/0/mac"},
      {"config-requirements", R"("config":{)",
       R"("config":{"requirements":{"mandatory":["online-reencrypt"]},)",
       "/config: unknown member \"requirements\""},
      {"config-flags", R"("config":{)", R"("config":{"flags":["allow-discards"],)",
       "/config: unknown member \"flags\""},
      {"config-json-size", R"("json_size":"12288")", R"("json_size":"4190208")",
       "/config/json_size"},
      {"config-keyslots-size", R"("keyslots_size":"16744448")", R"("keyslots_size":"0")",
       "/config/keyslots_size"},
  };
}

// The same document to one parser and another to the next.
std::vector<JsonEdit> EditsOfSpelling() {
  const std::string tweak = R"("iv_tweak":"0")";
  return {
      {"member-unknown", R"({"keyslots":{"0":{"type")", R"({"x":0,"keyslots":{"0":{"type")",
       ": unknown member \"x\""},
      {"member-twice", R"("tokens":)", R"("segments":{},"tokens":)", "\"segments\" appears twice"},
      {"member-twice-inside", tweak, tweak + "," + tweak, "\"iv_tweak\" appears twice"},
      {"member-twice-escaped", tweak, tweak + R"(,"\u0069v_tweak":"0")",
       "\"iv_tweak\" appears twice"},
      {"member-null", R"("af":{"type":"luks1","stripes":4000,"hash":"sha256"})", R"("af":null)",
       "/keyslots/0/af: expected an object"},
      {"spelling-escape", R"("iv_tweak")", R"("\u0069v_tweak")", "compact spelling"},
      {"spelling-slash", "tse/vtee", R"(tse\/vtee)", "compact spelling"},
      {"spelling-space", R"("iv_tweak":)", R"("iv_tweak": )", "compact spelling"},
      {"spelling-number", R"("stripes":4000)", R"("stripes":4e3)", "/keyslots/0/af/stripes"},
      {"comment", R"("tokens":)", R"(/**/"tokens":)", "not JSON at byte"},
      {"not-utf8", "iv_tweak", "iv_tweak\xff", "not JSON at byte"},
  };
}

}  // namespace

std::vector<HostileHeader> HostileHeaders() {
  std::vector<HostileHeader> out = HostileBinaryHeaders();
  for (const auto& edits : {EditsOfKeyslots(), EditsOfSegmentsAndDigests(), EditsOfTokenAndConfig(),
                            EditsOfSpelling()}) {
    for (const JsonEdit& edit : edits) {
      out.push_back(
          {edit.name, HeaderRegion(Replaced(GoodJson(), edit.from, edit.to)), edit.expected});
    }
  }
  const auto whole = [&out](const char* name, const std::string& text, const char* expected) {
    out.push_back({name, HeaderRegion(text), expected});
  };
  whole("json-empty", "", "not JSON at byte");
  whole("json-array", "[]", "expected an object");
  whole("json-two-documents", GoodJson() + "{}", "not JSON at byte");
  whole("json-cut", GoodJson().substr(0, 500), "not JSON at byte");
  whole("json-deep", std::string(12000, '['), "nested deeper than 8 levels");
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += R"({"a":)";
  whole("json-deep-objects", deep, "nested deeper than 8 levels");
  return out;
}

}  // namespace kedge::testing
