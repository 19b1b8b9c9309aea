// The forms of hostile headers that eight systems accepted or may accept, and what is said of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/testing/header_builder.h"
#include "storage/core/testing/hostile_headers.h"

namespace kedge {
namespace {

using testing::HostileHeader;
using testing::HostileHeaders;
using testing::kDiskBytes;

struct HostileForm {
  const char* form;    // as docs/STORAGE.md names it
  const char* header;  // of HostileHeaders
  const char* reason;  // the whole of what is said
};

constexpr HostileForm kForms[] = {
    {"null cipher of the data", "null-cipher-segment",
     R"(LUKS2 JSON: /segments/0/encryption: expected "aes-xts-plain64", found )"
     R"("cipher_null-ecb")"},
    {"null cipher of the keyslot", "null-cipher-keyslot",
     R"(LUKS2 JSON: /keyslots/0/area/encryption: expected "aes-xts-plain64", )"
     R"(found "cipher_null-ecb")"},
    {"weak cipher", "weak-cipher-segment",
     R"(LUKS2 JSON: /segments/0/encryption: expected "aes-xts-plain64", found "aes-ecb")"},
    {"second keyslot", "keyslot-second", R"(LUKS2 JSON: /keyslots: unknown member "1")"},
    {"second keyslot", "keyslot-reencrypt-second", R"(LUKS2 JSON: /keyslots: unknown member "1")"},
    {"no keyslot", "keyslot-none", R"(LUKS2 JSON: /keyslots: member "0" missing)"},
    {"second segment", "segment-second", R"(LUKS2 JSON: /segments: unknown member "1")"},
    {"second digest", "digest-second", R"(LUKS2 JSON: /digests: unknown member "1")"},
    {"digest of another keyslot", "digest-foreign-keyslot",
     R"(LUKS2 JSON: /digests/0/keyslots: expected ["0"], found ["1"])"},
    {"re-encryption keyslot", "keyslot-reencrypt",
     R"(LUKS2 JSON: /keyslots/0/type: expected "luks2", found "reencrypt")"},
    {"re-encryption flag of a segment", "segment-in-reencryption",
     R"(LUKS2 JSON: /segments/0: unknown member "flags")"},
    {"re-encryption flag of a segment", "segment-flags",
     R"(LUKS2 JSON: /segments/0: unknown member "flags")"},
    {"re-encryption requirement", "config-requirements",
     R"(LUKS2 JSON: /config: unknown member "requirements")"},
    {"re-encryption requirement", "config-requirements-v2",
     R"(LUKS2 JSON: /config: unknown member "requirements")"},
    {"re-encryption requirement", "config-requirements-offline",
     R"(LUKS2 JSON: /config: unknown member "requirements")"},
    {"re-encryption requirement", "config-requirements-empty",
     R"(LUKS2 JSON: /config: unknown member "requirements")"},
    {"activation flag", "config-flags", R"(LUKS2 JSON: /config: unknown member "flags")"},
    {"foreign token", "token-foreign",
     R"(LUKS2 JSON: /tokens/0/type: expected "kedge", found "clevis")"},
    {"keyring token", "token-keyring",
     R"(LUKS2 JSON: /tokens/0/type: expected "kedge", found "luks2-keyring")"},
    {"second token", "token-second", R"(LUKS2 JSON: /tokens: unknown member "1")"},
    {"no token", "token-none", R"(LUKS2 JSON: /tokens: member "0" missing)"},
    {"token that orders a wipe", "token-member",
     R"(LUKS2 JSON: /tokens/0: unknown member "initialised")"},
    {"later header format", "token-version",
     "LUKS2 JSON: /tokens/0/version: header format 9 is newer than the "
     "formats 1 to 3 that this release knows; open the disk with the release that wrote it"},
    {"keyslot over the header", "keyslot-area-at-header",
     R"(LUKS2 JSON: /keyslots/0/area/offset: expected "32768", found "0")"},
    {"keyslot in the data", "keyslot-area-in-data",
     R"(LUKS2 JSON: /keyslots/0/area/offset: expected "32768", found "16777216")"},
    {"keyslot beyond the disk", "keyslot-area-beyond",
     R"(LUKS2 JSON: /keyslots/0/area/offset: expected "32768", found "18446744073709518848")"},
    {"keyslot larger than the disk", "keyslot-area-size",
     R"(LUKS2 JSON: /keyslots/0/area/size: expected "385024", found "18446744073709551615")"},
    {"data over the header", "segment-offset-zero",
     R"(LUKS2 JSON: /segments/0/offset: expected "16777216", found "0")"},
    {"data beyond the disk", "segment-offset-beyond",
     R"(LUKS2 JSON: /segments/0/offset: expected "16777216", found "18446744073692774400")"},
    {"data larger than the disk", "token-data-huge",
     "LUKS2 header: the token's data size does not fit on the disk"},
    {"header area of another size", "size-huge",
     "LUKS2 header: primary copy: size of header and JSON area is not 16384"},
    {"copies differ in their JSON", "json-differs",
     "LUKS2 header: the two copies differ in their JSON"},
    {"copies differ in sequence or UUID", "sequences-differ",
     "LUKS2 header: the two copies differ in sequence or UUID"},
    {"copies differ in sequence or UUID", "uuids-differ",
     "LUKS2 header: the two copies differ in sequence or UUID"},
    {"copies differ in more than an advance", "advance-salt",
     "LUKS2 header: the two copies differ in more than an advance of the counter"},
    {"second copy missing", "no-secondary", "LUKS2 header: secondary copy: no LUKS magic"},
    {"first copy torn", "torn-json", "LUKS2 header: primary copy: checksum is wrong"},
    {"second copy torn", "torn-second-json", "LUKS2 header: secondary copy: checksum is wrong"},
    {"duplicate member", "member-twice", R"(LUKS2 JSON: member "segments" appears twice)"},
    {"duplicate member inside", "member-twice-inside",
     R"(LUKS2 JSON: member "iv_tweak" appears twice)"},
    {"duplicate member inside", "member-twice-escaped",
     R"(LUKS2 JSON: member "iv_tweak" appears twice)"},
    {"deep nesting", "json-deep", "LUKS2 JSON: nested deeper than 8 levels"},
    {"deep nesting", "json-deep-inside", "LUKS2 JSON: nested deeper than 8 levels"},
    {"deep nesting", "json-deep-objects", "LUKS2 JSON: nested deeper than 8 levels"},
    {"integrity absent", "no-integrity", R"(LUKS2 JSON: /segments/0: member "integrity" missing)"},
    {"integrity empty", "integrity-empty",
     R"(LUKS2 JSON: /segments/0/integrity: member "type" missing)"},
    {"integrity of no kind", "integrity-none",
     R"-(LUKS2 JSON: /segments/0/integrity/type: expected "hmac(sha256)", found "none")-"},
    {"costly key derivation", "iterations-many",
     "LUKS2 JSON: /keyslots/0/kdf/iterations: expected <iterations>, found 4294967295"},
    {"costly key derivation of another kind", "kdf-argon2",
     R"(LUKS2 JSON: /keyslots/0/kdf/type: expected "pbkdf2", found "argon2id")"},
    {"unknown member", "member-unknown", R"(LUKS2 JSON: the document: unknown member "x")"},
    {"another spelling", "spelling-escape",
     "LUKS2 JSON: not in the compact spelling that libcryptsetup writes"},
    {"bytes behind the text", "json-tail", "LUKS2 header: bytes follow the JSON text"},
};

class HostileFormsTest : public ::testing::Test {
 protected:
  HostileFormsTest() {
    for (const HostileHeader& header : HostileHeaders()) regions_[header.name] = header.region;
  }

  std::map<std::string, Bytes> regions_;
};

TEST_F(HostileFormsTest, EachIsRefusedWithItsOwnReason) {
  std::map<std::string, std::string> form_of_reason;
  for (const HostileForm& form : kForms) {
    SCOPED_TRACE(form.header);
    ASSERT_TRUE(regions_.contains(form.header));
    EXPECT_EQ(MessageOf(ParseHeader(regions_[form.header], kDiskBytes).status()), form.reason);
    // No reason stands for two forms.
    const auto [first, is_new] = form_of_reason.emplace(form.reason, form.form);
    EXPECT_TRUE(is_new || first->second == form.form) << first->second << ", " << form.form;
  }
}

// What a node says of a disk before it has asked for any key.
TEST_F(HostileFormsTest, EachIsNamedBeforeThereIsAKey) {
  for (const HostileForm& form : kForms) {
    Bytes prefix(kDiskPrefixBytes, 0);
    std::copy(regions_[form.header].begin(), regions_[form.header].end(), prefix.begin());
    const DiskInspection inspection = InspectPrefix(prefix, kDiskBytes);
    EXPECT_EQ(inspection.content, DiskContent::kForeign) << form.header;
    EXPECT_EQ(inspection.detail, form.reason);
  }
}

}  // namespace
}  // namespace kedge
