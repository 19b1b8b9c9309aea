#include "storage/core/live_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <string_view>

#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

Status Mismatch(std::string_view what) {
  return Refused("TABLE_MISMATCH", "the opened state disk is not what its header says: " +
                                       std::string(what) + "; it was closed again");
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

Status CheckTarget(const std::vector<TableTarget>& targets, std::string_view type,
                   uint64_t sectors) {
  if (targets.size() != 1) {
    return Mismatch("expected one " + std::string(type) + " target, found " +
                    std::to_string(targets.size()));
  }
  if (targets[0].type != type) {
    return Mismatch("expected a " + std::string(type) + " target, found " + targets[0].type);
  }
  if (targets[0].start != 0 || targets[0].length != sectors) {
    return Mismatch("expected " + std::to_string(sectors) + " sectors of " + std::string(type) +
                    ", found " + std::to_string(targets[0].length));
  }
  return Status();
}

// The words from `first` on are a count and that many options.
StatusOr<std::vector<std::string>> Options(const std::vector<std::string>& words, size_t first) {
  std::vector<std::string> options(words.begin() + static_cast<ptrdiff_t>(first) + 1, words.end());
  std::sort(options.begin(), options.end());
  if (words[first] != std::to_string(options.size())) return Mismatch("option count is wrong");
  return options;
}

Status CheckCrypt(const std::string& parameters, const ExpectedTables& expected) {
  const std::vector<std::string> words = Words(parameters);
  if (words.size() < 6) return Mismatch("dm-crypt table is too short");
  if (words[0] != "capi:authenc(hmac(sha256),xts(aes))-plain64") {
    return Mismatch("dm-crypt runs another cipher than aes-xts with hmac-sha256");
  }
  // The description libcryptsetup gives the key; a key in the table itself is never accepted.
  if (words[1] != ":96:logon:cryptsetup:" + expected.uuid + "-d0") {
    return Mismatch("dm-crypt's key is not this header's key in the kernel keyring");
  }
  if (words[2] != "0" || words[4] != "0") return Mismatch("dm-crypt has an offset");
  if (words[3] != expected.integrity_device) {
    return Mismatch("dm-crypt does not lie on the integrity device");
  }
  ASSIGN_OR_RETURN(const auto options, Options(words, 5));
  if (options != std::vector<std::string>{"integrity:32:aead", "sector_size:4096"}) {
    return Mismatch("dm-crypt's options are not integrity:32:aead and sector_size:4096");
  }
  return Status();
}

bool IsNumberOption(std::string_view option, std::string_view name) {
  if (!option.starts_with(name) || option.size() == name.size()) return false;
  const std::string_view digits = option.substr(name.size());
  return digits.find_first_not_of("0123456789") == std::string_view::npos;
}

Status CheckIntegrity(const std::string& parameters, const ExpectedTables& expected) {
  const std::vector<std::string> words = Words(parameters);
  if (words.size() < 5) return Mismatch("dm-integrity table is too short");
  if (words[0] != expected.disk) return Mismatch("dm-integrity does not lie on the state disk");
  if (words[1] != std::to_string(kLuksDataOffset / kDeviceMapperSectorBytes)) {
    return Mismatch("dm-integrity begins at another offset");
  }
  if (words[2] != "32") return Mismatch("dm-integrity's tags are not 32 bytes");
  if (words[3] != "J") return Mismatch("dm-integrity does not run with its journal");
  ASSIGN_OR_RETURN(const auto options, Options(words, 4));
  static constexpr std::array<std::string_view, 5> kTuning = {
      "journal_sectors:", "interleave_sectors:", "buffer_sectors:", "journal_watermark:",
      "commit_time:"};
  bool block_size = false;
  for (const std::string& option : options) {
    if (option == "block_size:4096") {
      block_size = true;
    } else if (option != "fix_padding" &&
               std::none_of(kTuning.begin(), kTuning.end(), [&option](std::string_view name) {
                 return IsNumberOption(option, name);
               })) {
      return Mismatch("dm-integrity has the unexpected option " + option);
    }
  }
  return block_size ? Status() : Mismatch("dm-integrity's blocks are not 4096 bytes");
}

}  // namespace

Status CheckLiveTables(const LiveTables& live, const ExpectedTables& expected) {
  RETURN_IF_ERROR(CheckTarget(live.crypt, "crypt", expected.data_sectors));
  RETURN_IF_ERROR(CheckTarget(live.integrity, "integrity", expected.data_sectors));
  RETURN_IF_ERROR(CheckCrypt(live.crypt[0].parameters, expected));
  return CheckIntegrity(live.integrity[0].parameters, expected);
}

std::string LinearParameters(const LinearWindow& window) {
  return window.device + " " + std::to_string(window.start);
}

Status CheckLinearTable(const std::vector<TableTarget>& live, const LinearWindow& expected) {
  RETURN_IF_ERROR(CheckTarget(live, "linear", expected.length));
  if (live[0].parameters != LinearParameters(expected)) {
    return Mismatch(
        "the file system's device lies elsewhere than on the opened device, or begins "
        "at another offset");
  }
  return Status();
}

}  // namespace kedge
