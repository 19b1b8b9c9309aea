#include "storage/core/testing/hostile_headers.h"

#include <algorithm>
#include <functional>

#include "storage/core/luks_header.h"
#include "storage/core/testing/header_builder.h"

namespace kedge::testing {
namespace {

// Edits of the header region with a good text.
class Editor {
 public:
  explicit Editor(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  Bytes Region() const { return HeaderRegion(text_); }
  // Edited, with right checksums.
  Bytes Edited(const std::function<void(Bytes&)>& edit) const {
    Bytes region = Region();
    edit(region);
    StoreChecksum(region, 0);
    StoreChecksum(region, kLuksCopyBytes);
    return region;
  }
  // The same edit in both copies.
  Bytes BothEdited(const std::function<void(Bytes&, size_t)>& edit) const {
    return Edited([&edit](Bytes& region) {
      edit(region, 0);
      edit(region, kLuksCopyBytes);
    });
  }
  // With one bit of one copy turned and the checksum left as it was.
  Bytes Torn(size_t offset) const {
    Bytes region = Region();
    region[offset] ^= 1;
    return region;
  }
  void ReplaceIn(Bytes& region, size_t copy, const char* from, const char* to) const {
    PutField(region, copy, {kLuksBinaryHeaderBytes, kLuksJsonAreaBytes},
             AsBytes(Replaced(text_, from, to)));
  }

 private:
  const std::string text_;
};

std::vector<HostileHeader> HostileBinaryHeaders(const Editor& good) {
  const auto edited = [&good](const std::function<void(Bytes&)>& edit) {
    return good.Edited(edit);
  };
  const auto set_integer = [&good](LuksField field, uint64_t value) {
    return good.BothEdited([=](Bytes& r, size_t copy) { PutInteger(r, copy, field, value); });
  };
  const auto set_text = [&good](LuksField field, std::string_view text) {
    return good.BothEdited([=](Bytes& r, size_t copy) { PutField(r, copy, field, AsBytes(text)); });
  };
  const auto set_byte = [&edited](size_t offset) {
    return edited([=](Bytes& r) { r[offset] = 1; });
  };
  // Of both copies: one alone is what a cut-off write leaves.
  Bytes wrong_checksums = good.Torn(kLuksChecksum.offset);
  wrong_checksums[kLuksCopyBytes + kLuksChecksum.offset] ^= 1;
  Bytes swapped = good.Region();
  std::swap_ranges(swapped.begin(), swapped.begin() + kLuksCopyBytes,
                   swapped.begin() + kLuksCopyBytes);
  Bytes no_secondary = good.Region();
  std::fill_n(no_secondary.begin() + kLuksCopyBytes, kLuksCopyBytes, uint8_t{0});
  const size_t json_end = kLuksBinaryHeaderBytes + good.text().size();

  return {
      {"primary-magic", edited([](Bytes& r) { r[0] = 'M'; }), "primary copy: no LUKS magic"},
      {"secondary-magic", edited([](Bytes& r) { r[kLuksCopyBytes] = 'L'; }),
       "secondary copy: no LUKS magic"},
      {"luks1", set_integer(kLuksVersion, 1), "version is not 2"},
      {"version-3", set_integer(kLuksVersion, 3), "version is not 2"},
      {"size-larger", set_integer(kLuksHeaderSize, 32768), "is not 16384"},
      {"size-huge", set_integer(kLuksHeaderSize, UINT64_MAX), "is not 16384"},
      {"sequence-zero", set_integer(kLuksSequence, 0), "sequence is 0"},
      {"sequences-differ", edited([](Bytes& r) { PutInteger(r, 0, kLuksSequence, 9); }),
       "differ in sequence or UUID"},
      {"label", set_text(kLuksLabel, "x"), "has a label"},
      {"checksum-algorithm", set_text(kLuksChecksumAlgorithm, "sha512"), "is not sha256"},
      {"checksum-algorithm-tail", set_text(kLuksChecksumAlgorithm, "sha256-"), "is not sha256"},
      {"uuid-upper-case", set_text(kLuksUuid, "17AA"), "UUID is malformed"},
      {"uuid-no-dash", set_byte(kLuksUuid.offset + 8), "UUID is malformed"},
      {"uuid-tail", set_byte(kLuksUuid.offset + 39), "UUID is malformed"},
      {"uuids-differ", edited([](Bytes& r) { r[kLuksUuid.offset] = '2'; }),
       "differ in sequence or UUID"},
      {"subsystem", set_text(kLuksSubsystem, "x"), "has a subsystem"},
      {"offset", set_integer(kLuksHeaderOffset, 4096), "names another offset"},
      {"padding", set_byte(kLuksPadding.offset), "padding is not zero"},
      {"padding-4096", set_byte(kLuksBinaryHeaderBytes - 1), "padding is not zero"},
      {"checksum", wrong_checksums, "primary copy: checksum is wrong"},
      {"checksum-tail", good.Torn(kLuksChecksum.offset + 32), "primary copy: checksum is wrong"},
      {"copies-swapped", swapped, "primary copy: no LUKS magic"},
      {"no-secondary", no_secondary, "secondary copy: no LUKS magic"},
      {"json-differs", edited([](Bytes& r) { r[kLuksBinaryHeaderBytes] = ' '; }),
       "differ in their JSON"},
      {"json-tail", good.BothEdited([=](Bytes& r, size_t copy) { r[copy + json_end + 1] = '}'; }),
       "bytes follow the JSON text"},
      // Not what a write that was cut off in the middle of a copy leaves.
      {"torn-uuid", good.Torn(kLuksUuid.offset), "primary copy: checksum is wrong"},
      {"torn-label", good.Torn(kLuksLabel.offset), "primary copy: has a label"},
      {"torn-padding", good.Torn(kLuksBinaryHeaderBytes - 1), "primary copy: padding is not zero"},
      {"torn-json", good.Torn(kLuksBinaryHeaderBytes + 30), "primary copy: checksum is wrong"},
      {"torn-json-end", good.Torn(kLuksCopyBytes - 1), "primary copy: checksum is wrong"},
      {"torn-second-json", good.Torn(kLuksCopyBytes + kLuksBinaryHeaderBytes + 30),
       "secondary copy: checksum is wrong"},
      {"json-unterminated", HeaderRegion(std::string(kLuksJsonAreaBytes, ' ')),
       "does not end inside its area"},
  };
}

// Not what an advance leaves between its two copies, though one of them is one step newer.
std::vector<HostileHeader> HostileAdvances(const Editor& good) {
  const auto unfinished = [&good](const std::function<void(Bytes&)>& edit) {
    return good.Edited([&](Bytes& r) {
      PutInteger(r, 0, kLuksSequence, 5);
      good.ReplaceIn(r, 0, "0007", "0008");
      edit(r);
    });
  };
  const char* const differ = "differ in more than an advance of the counter";
  return {
      {"advance-secondary-first", unfinished([](Bytes& r) {
         std::swap_ranges(r.begin() + 4096, r.begin() + kLuksCopyBytes,
                          r.begin() + kLuksCopyBytes + 4096);
         PutInteger(r, 0, kLuksSequence, 4);
         PutInteger(r, kLuksCopyBytes, kLuksSequence, 5);
       }),
       "differ in sequence or UUID"},
      {"advance-skips", unfinished([](Bytes& r) { PutInteger(r, 0, kLuksSequence, 6); }),
       "differ in sequence or UUID"},
      {"advance-back", unfinished([&](Bytes& r) { good.ReplaceIn(r, 0, "0007", "0006"); }), differ},
      {"advance-stays", unfinished([&](Bytes& r) { good.ReplaceIn(r, 0, "0007", "0007"); }),
       differ},
      {"advance-salt",
       unfinished([&](Bytes& r) { good.ReplaceIn(r, kLuksCopyBytes, "03BR", "03BS"); }), differ},
      {"advance-generation", unfinished([&](Bytes& r) {
         good.ReplaceIn(r, kLuksCopyBytes, "generation\":1", "generation\":2");
       }),
       differ},
      {"advance-uuid", unfinished([](Bytes& r) { r[kLuksUuid.offset] = '2'; }), differ},
      {"advance-null-cipher", unfinished([&](Bytes& r) {
         good.ReplaceIn(r, kLuksCopyBytes, "\"iv_tweak\":\"0\",\"encryption\":\"aes-xts-plain64\"",
                        "\"iv_tweak\":\"0\",\"encryption\":\"cipher_null-ecb\"");
       }),
       "/segments/0/encryption"},
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
      {"keyslot-none", R"("keyslots":{"0")", R"("keyslots":{"x")",
       "/keyslots: member \"0\" missing"},
      {"keyslot-reencrypt", R"("type":"luks2")", R"("type":"reencrypt")", "/keyslots/0/type"},
      {"keyslot-reencrypt-second", tail,
       R"(+mdvOHUAZs="}},"1":{"type":"reencrypt","mode":"decrypt","direction":"backward",)"
       R"("key_size":1,"area":{"type":"none","offset":"417792","size":"4096"}}},"tokens")",
       "/keyslots: unknown member \"1\""},
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
      {"keyslot-area-beyond", R"("offset":"32768")", R"("offset":"18446744073709518848")",
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
      {"integrity-empty",
       R"-({"type":"hmac(sha256)","journal_encryption":"none","journal_integrity":"none"})-", "{}",
       "/segments/0/integrity: member \"type\" missing"},
      {"integrity-none", "hmac(sha256)", "none", "/segments/0/integrity/type"},
      {"journal-encryption", R"("journal_encryption":"none")",
       R"-("journal_encryption":"ctr(aes)")-", "/segments/0/integrity/journal_encryption"},
      {"segment-second", head, R"("segments":{"1":{},"0":{"type":"crypt",)",
       "/segments: unknown member \"1\""},
      {"segment-linear", head, R"("segments":{"0":{"type":"linear",)", "/segments/0/type"},
      {"segment-flags", head, R"("segments":{"0":{"flags":["backup-final"],"type":"crypt",)",
       "/segments/0: unknown member \"flags\""},
      {"segment-in-reencryption", head,
       R"("segments":{"0":{"flags":["in-reencryption"],"type":"crypt",)",
       "/segments/0: unknown member \"flags\""},
      {"segment-offset-beyond", R"("offset":"16777216")", R"("offset":"18446744073692774400")",
       "/segments/0/offset"},
      {"segment-offset-zero", R"("offset":"16777216")", R"("offset":"0")", "/segments/0/offset"},
      {"segment-offset-spelling", R"("offset":"16777216")", R"("offset":"016777216")",
       "/segments/0/offset"},
      {"segment-size", R"("size":"dynamic")", R"("size":"4096")", "/segments/0/size"},
      {"segment-iv-tweak", R"("iv_tweak":"0")", R"("iv_tweak":"8")", "/segments/0/iv_tweak"},
      {"segment-sector-size", R"("sector_size":4096)", R"("sector_size":512)",
       "/segments/0/sector_size"},
      {"digest-second", R"("digests":{)", R"("digests":{"1":{},)",
       "/digests: unknown member \"1\""},
      {"digest-foreign-keyslot", R"("type":"pbkdf2","keyslots":["0"])",
       R"("type":"pbkdf2","keyslots":["1"])", "/digests/0/keyslots"},
      {"digest-no-segment", R"("segments":["0"])", R"("segments":[])", "/digests/0/segments"},
      {"digest-hash", R"("segments":["0"],"hash":"sha256")", R"("segments":["0"],"hash":"sha1")",
       "/digests/0/hash"},
      {"digest-short", "Kqxwx4zFqoKFj+Qr", "", "/digests/0/digest"},
  };
}

JsonEdit Set(const char* name, const std::string& member, const std::string& good,
             const std::string& bad, const char* expected) {
  return {name, member + good, member + bad, expected};
}

std::vector<JsonEdit> EditsOfCounter() {
  const std::string counter = R"("disk_counter":)";
  const auto set = [&counter](const char* name, const std::string& bad) {
    return Set(name, counter, R"("00000000000000000007")", bad, "/tokens/0/disk_counter");
  };
  return {
      set("token-counter-huge", R"("18446744073709551616")"),
      set("token-counter-hex", R"("0000000000000000000a")"),
      set("token-counter-sign", R"("-0000000000000000001")"),
      set("token-counter-short", R"("7")"),
      set("token-counter-long", R"("000000000000000000007")"),
      set("token-counter-empty", R"("")"),
      set("token-counter-number", "7"),
  };
}

std::vector<JsonEdit> EditsOfTokenAndConfig(uint32_t format) {
  const std::string generation = R"("dek_generation":)";
  const std::string sectors = R"("data_sectors":)";
  const std::string version = R"("version":)" + std::to_string(format);
  const std::string mandatory = R"("config":{"requirements":{"mandatory":)";
  const char* const requirements = "/config: unknown member \"requirements\"";
  return {
      {"token-none", R"("tokens":{"0")", R"("tokens":{"7")", "/tokens: member \"0\" missing"},
      {"token-second", R"("tokens":{)", R"("tokens":{"1":{"type":"x","keyslots":[]},)",
       "/tokens: unknown member \"1\""},
      {"token-keyring", R"("type":"kedge")", R"("type":"luks2-keyring")", "/tokens/0/type"},
      {"token-foreign", R"("type":"kedge")", R"("type":"clevis")", "/tokens/0/type"},
      {"token-member", version, version + R"(,"initialised":true)",
       "/tokens/0: unknown member \"initialised\""},
      {"token-version", version, R"("version":9)", "/tokens/0/version: header format 9 is newer"},
      {"token-version-zero", version, R"("version":0)", "/tokens/0/version: expected "},
      {"token-version-with-counter", version,
       format == kHeaderFormat1 ? R"("version":2)" : R"("version":1)", "/tokens/0/disk_counter"},
      Set("token-generation-zero", generation, "1", "0", "/tokens/0/dek_generation"),
      Set("token-generation-huge", generation, "1", "4294967296", "/tokens/0/dek_generation"),
      Set("token-data-zero", sectors, R"("96736")", R"("0")", "data size does not fit"),
      Set("token-data-unaligned", sectors, R"("96736")", R"("96735")", "data size does not fit"),
      Set("token-data-huge", sectors, R"("96736")", R"("18446744073709551608")",
          "data size does not fit"),
      {"token-mac-upper-case", "abababab", "ABababab", "/tokens/0/mac"},
      {"token-mac-short", "abababab", "ababab", "/tokens/0/mac"},
      {"config-requirements", R"("config":{)", mandatory + R"(["online-reencrypt"]},)",
       requirements},
      {"config-requirements-v2", R"("config":{)", mandatory + R"(["online-reencrypt-v2"]},)",
       requirements},
      {"config-requirements-offline", R"("config":{)", mandatory + R"(["offline-reencrypt"]},)",
       requirements},
      {"config-requirements-empty", R"("config":{)", mandatory + "[]},", requirements},
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

std::vector<HostileHeader> HostileHeaders(uint32_t format) {
  const Editor good(GoodJsonOf(format));
  std::vector<HostileHeader> out = HostileBinaryHeaders(good);
  std::vector<std::vector<JsonEdit>> lists = {EditsOfKeyslots(), EditsOfSegmentsAndDigests(),
                                              EditsOfTokenAndConfig(format), EditsOfSpelling()};
  if (format != kHeaderFormat1) {
    for (HostileHeader& header : HostileAdvances(good)) out.push_back(std::move(header));
    lists.push_back(EditsOfCounter());
  }
  for (const std::vector<JsonEdit>& edits : lists) {
    for (const JsonEdit& edit : edits) {
      out.push_back(
          {edit.name, HeaderRegion(Replaced(good.text(), edit.from, edit.to)), edit.expected});
    }
  }
  const auto whole = [&out](const char* name, const std::string& text, const char* expected) {
    out.push_back({name, HeaderRegion(text), expected});
  };
  whole("json-empty", "", "not JSON at byte");
  whole("json-array", "[]", "expected an object");
  whole("json-two-documents", good.text() + "{}", "not JSON at byte");
  whole("json-cut", good.text().substr(0, 500), "not JSON at byte");
  whole("json-deep-inside",
        Replaced(good.text(), R"("iv_tweak":"0")",
                 R"("iv_tweak":)" + std::string(100, '[') + std::string(100, ']')),
        "nested deeper than 8 levels");
  whole("json-deep", std::string(12000, '['), "nested deeper than 8 levels");
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += R"({"a":)";
  whole("json-deep-objects", deep, "nested deeper than 8 levels");
  return out;
}

}  // namespace kedge::testing
