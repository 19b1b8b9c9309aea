#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "proto/wire/policy_rules.h"

namespace kedge::wire {
namespace {

constexpr uint32_t kMaxByte = 255;

StatusOr<SnpProduct> ProductOf(const std::string& name) {
  const std::optional<SnpProduct> product = SnpProductFromName(name);
  if (!product) return Malformed("'" + name + "' is not Milan, Genoa or Turin");
  return *product;
}

StatusOr<uint8_t> ByteOf(std::string_view name, uint32_t value) {
  if (value > kMaxByte) return Malformed(absl::StrCat(std::string(name), " is above 255"));
  return static_cast<uint8_t>(value);
}

StatusOr<SnpRoots> RootsOf(const v1::SnpRootsRule& rule) {
  SnpRoots out{.amd = rule.amd(), .custom = {}};
  for (const v1::SnpRoot& entry : rule.custom()) {
    SnpRoot root;
    root.name = entry.name();
    ASSIGN_OR_RETURN(root.product, ProductOf(entry.product()));
    const std::optional<Bytes> digest = FromHex(entry.spki_sha256());
    const auto array = ToArray<32>(digest.value_or(Bytes()));
    if (root.name.empty() || !array) {
      return Malformed("roots.custom: needs a name and a spki_sha256 of 64 hexadecimal digits");
    }
    root.spki_sha256 = *array;
    out.custom.push_back(std::move(root));
  }
  if (!out.amd && out.custom.empty()) return Malformed("roots: names no root at all");
  return out;
}

StatusOr<std::map<SnpProduct, SnpProductRule>> ProductsOf(const v1::SnpProductsRule& rule) {
  std::map<SnpProduct, SnpProductRule> out;
  for (const v1::SnpProductStanding& entry : rule.products()) {
    ASSIGN_OR_RETURN(const SnpProduct product, ProductOf(entry.product()));
    SnpProductRule standing{.trust = ProductTrust::kDenied, .notice = entry.notice()};
    bool known = false;
    for (ProductTrust trust :
         {ProductTrust::kTrusted, ProductTrust::kDegraded, ProductTrust::kDenied}) {
      if (entry.trust() != ToString(trust)) continue;
      standing.trust = trust;
      known = true;
    }
    if (!known) return Malformed("'" + entry.trust() + "' is not trusted, degraded or denied");
    if (!out.emplace(product, std::move(standing)).second) {
      return Malformed(entry.product() + " is there twice");
    }
  }
  return out;
}

StatusOr<SnpTcbFloors> FloorsOf(const v1::SnpTcbRule& rule) {
  SnpTcbFloors out;
  for (const v1::SnpTcbFloor& entry : rule.floors()) {
    ASSIGN_OR_RETURN(const SnpProduct product, ProductOf(entry.product()));
    SnpTcb floor;
    ASSIGN_OR_RETURN(const uint8_t fmc, ByteOf("fmc", entry.fmc()));
    if (product == SnpProduct::kTurin) {
      floor.fmc = fmc;
    } else if (fmc != 0) {
      return Malformed(entry.product() + " has no fmc");
    }
    ASSIGN_OR_RETURN(floor.bootloader, ByteOf("bl", entry.bl()));
    ASSIGN_OR_RETURN(floor.tee, ByteOf("tee", entry.tee()));
    ASSIGN_OR_RETURN(floor.snp, ByteOf("snp", entry.snp()));
    ASSIGN_OR_RETURN(floor.microcode, ByteOf("ucode", entry.ucode()));
    if (!out.emplace(product, floor).second) return Malformed(entry.product() + " is there twice");
  }
  return out;
}

Status ReadFloors(std::string_view name, const v1::SnpTcbRule& rule,
                  PolicyField<SnpTcbFloors>& field) {
  StatusOr<SnpTcbFloors> floors = FloorsOf(rule);
  if (!floors.ok()) return Annotate(floors.status(), name);
  const bool has_value = !floors->empty();
  return ReadField(name, has_value, *std::move(floors), rule.skip(), rule.warn(), field);
}

Status ReadFirmware(const v1::SnpFirmwareRule& rule, PolicyField<SnpFirmwareVersion>& field) {
  SnpFirmwareVersion version;
  if (!rule.at_least().empty()) {
    const std::vector<std::string> parts = absl::StrSplit(rule.at_least(), '.');
    uint32_t numbers[3] = {};
    bool good = parts.size() == 3;
    for (size_t i = 0; good && i < 3; ++i) {
      good = absl::SimpleAtoi(parts[i], &numbers[i]) && numbers[i] <= kMaxByte;
    }
    if (!good) return Malformed("minimum_firmware: expected a version like 1.55.29");
    version = {static_cast<uint8_t>(numbers[0]), static_cast<uint8_t>(numbers[1]),
               static_cast<uint8_t>(numbers[2])};
  }
  return ReadField("minimum_firmware", !rule.at_least().empty(), version, rule.skip(), rule.warn(),
                   field);
}

Status ReadVector(const std::string& text, uint64_t& out) {
  if (!text.empty() && !(absl::StartsWith(text, "0x") && absl::SimpleHexAtoi(text, &out))) {
    return Malformed("mitigations: '" + text + "' is not a number like 0x0b");
  }
  return absl::OkStatus();
}

Status ReadMitigations(const v1::SnpMitigationRule& rule, PolicyField<SnpMitigations>& field) {
  SnpMitigations value;
  RETURN_IF_ERROR(ReadVector(rule.launch(), value.launch));
  RETURN_IF_ERROR(ReadVector(rule.current(), value.current));
  return ReadField("mitigations", !rule.launch().empty() || !rule.current().empty(), value,
                   rule.skip(), rule.warn(), field);
}

Status ReadFlags(const v1::SnpPolicy& message, SnpPolicy& out) {
  const v1::SnpGuestPolicyRules& guest = message.guest_policy();
  SnpGuestPolicyRules& rules = out.guest_policy;
  const v1::SnpPlatformRules& platform = message.platform();
  struct Flag {
    const char* name;
    const std::string& text;
    FlagRule& rule;
  };
  for (const Flag& flag :
       {Flag{"guest_policy.smt", guest.smt(), rules.smt},
        Flag{"guest_policy.migrate_ma", guest.migrate_ma(), rules.migrate_ma},
        Flag{"guest_policy.debug", guest.debug(), rules.debug},
        Flag{"guest_policy.single_socket", guest.single_socket(), rules.single_socket},
        Flag{"guest_policy.cxl", guest.cxl(), rules.cxl},
        Flag{"guest_policy.mem_aes_256_xts", guest.mem_aes_256_xts(), rules.mem_aes_256_xts},
        Flag{"guest_policy.rapl_disabled", guest.rapl_disabled(), rules.rapl_disabled},
        Flag{"guest_policy.ciphertext_hiding_dram", guest.ciphertext_hiding_dram(),
             rules.ciphertext_hiding_dram},
        Flag{"guest_policy.page_swap_disabled", guest.page_swap_disabled(),
             rules.page_swap_disabled},
        Flag{"guest_policy.unknown_bits", guest.unknown_bits(), rules.unknown_bits},
        Flag{"platform.smt", platform.smt(), out.platform.smt},
        Flag{"platform.tsme", platform.tsme(), out.platform.tsme},
        Flag{"platform.ecc", platform.ecc(), out.platform.ecc},
        Flag{"platform.rapl_disabled", platform.rapl_disabled(), out.platform.rapl_disabled},
        Flag{"platform.ciphertext_hiding_dram", platform.ciphertext_hiding_dram(),
             out.platform.ciphertext_hiding_dram},
        Flag{"platform.alias_check_complete", platform.alias_check_complete(),
             out.platform.alias_check_complete},
        Flag{"platform.tio", platform.tio(), out.platform.tio},
        Flag{"mask_chip_key", message.mask_chip_key(), out.mask_chip_key},
        Flag{"author_key_en", message.author_key_en(), out.author_key_en}}) {
    RETURN_IF_ERROR(ReadFlag(flag.name, flag.text, flag.rule));
  }
  return absl::OkStatus();
}

Status ReadSets(const v1::SnpPolicy& message, SnpPolicy& out) {
  RETURN_IF_ERROR(ReadByteSet("measurement", message.measurement(), 48, out.measurement));
  RETURN_IF_ERROR(ReadByteSet("host_data", message.host_data(), 32, out.host_data));
  RETURN_IF_ERROR(ReadByteSet("report_data", message.report_data(), 64, out.report_data));
  RETURN_IF_ERROR(ReadByteSet("id_key_digest", message.id_key_digest(), 48, out.id_key_digest));
  RETURN_IF_ERROR(
      ReadByteSet("author_key_digest", message.author_key_digest(), 48, out.author_key_digest));
  RETURN_IF_ERROR(ReadByteSet("family_id", message.family_id(), 16, out.family_id));
  RETURN_IF_ERROR(ReadByteSet("image_id", message.image_id(), 16, out.image_id));
  RETURN_IF_ERROR(ReadByteSet("report_id", message.report_id(), 32, out.report_id));
  RETURN_IF_ERROR(ReadByteSet("report_id_ma", message.report_id_ma(), 32, out.report_id_ma));
  RETURN_IF_ERROR(
      ReadByteSet("allowed_chip_ids", message.allowed_chip_ids(), 64, out.allowed_chip_ids));
  RETURN_IF_ERROR(
      ReadByteSet("denied_chip_ids", message.denied_chip_ids(), 64, out.denied_chip_ids));
  return ReadTextSet("csp_ids", message.csp_ids(), out.csp_ids);
}

}  // namespace

StatusOr<SnpPolicy> FromWire(const v1::SnpPolicy& message) {
  SnpPolicy out;
  if (!message.defaults().empty()) {
    if (message.defaults() != kSnpDefaultsDate) {
      return Malformed(absl::StrCat("defaults of '", message.defaults(),
                                    "' are not known; this program has those of ",
                                    kSnpDefaultsDate));
    }
    out = DefaultSnpPolicy();
  }
  if (message.has_roots()) {
    ASSIGN_OR_RETURN(SnpRoots roots, RootsOf(message.roots()));
    out.roots = PolicyField<SnpRoots>::Enforce(std::move(roots));
  }
  RETURN_IF_ERROR(ReadField("crl", message.crl().max_age_days() != 0,
                            SnpCrlRule{absl::Hours(24) * message.crl().max_age_days()},
                            message.crl().skip(), "", out.crl));
  ASSIGN_OR_RETURN(auto products, ProductsOf(message.products()));
  const bool has_products = !products.empty();
  RETURN_IF_ERROR(ReadField("products", has_products, std::move(products),
                            message.products().skip(), "", out.products));
  RETURN_IF_ERROR(
      ReadFloors("minimum_reported_tcb", message.minimum_reported_tcb(), out.minimum_reported_tcb));
  RETURN_IF_ERROR(ReadFloors("minimum_committed_tcb", message.minimum_committed_tcb(),
                             out.minimum_committed_tcb));
  RETURN_IF_ERROR(
      ReadFloors("minimum_launch_tcb", message.minimum_launch_tcb(), out.minimum_launch_tcb));
  RETURN_IF_ERROR(ReadFirmware(message.minimum_firmware(), out.minimum_firmware));
  RETURN_IF_ERROR(ReadMitigations(message.mitigations(), out.mitigations));
  RETURN_IF_ERROR(ReadFlags(message, out));
  const v1::SnpVmplRule& vmpl = message.vmpl();
  RETURN_IF_ERROR(ReadField("vmpl", vmpl.any_of_size() != 0,
                            std::set<uint32_t>(vmpl.any_of().begin(), vmpl.any_of().end()),
                            vmpl.skip(), vmpl.warn(), out.vmpl));
  const v1::SnpGuestSvnRule& svn = message.minimum_guest_svn();
  RETURN_IF_ERROR(ReadField("minimum_guest_svn", svn.has_at_least(), svn.at_least(), svn.skip(),
                            svn.warn(), out.minimum_guest_svn));
  RETURN_IF_ERROR(ReadSets(message, out));
  return out;
}

}  // namespace kedge::wire
