// kedge disk: what the beginning of a state disk shows, without any key; copies of its header.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/disk.h"
#include "cli/disk_file.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"

namespace kedge::cli {
namespace {

// Said wherever a header is shown: it is in the clear, and only a node with the disk's key can tell
// whether it is right.
constexpr char kUnverified[] =
    "read without the disk's key: its MAC was not checked, and whoever has the disk may have put "
    "an "
    "older copy there. A node that opens it checks MAC and counter; single sectors that were put "
    "back under the same counter are found by nobody.";

struct Shown {
  DiskInspection inspection;
  std::optional<UnverifiedHeader> header;  // where it is accepted
};

StatusOr<Shown> Look(const DiskStart& start) {
  Shown shown;
  if (start.device_bytes != 0) {
    shown.inspection = InspectPrefix(start.bytes, start.device_bytes);
    if (shown.inspection.content != DiskContent::kLuks2) return shown;
  }
  // A copy of a header alone: any disk is large enough.
  const uint64_t device_bytes = start.device_bytes != 0 ? start.device_bytes : UINT64_MAX;
  auto header = ParseHeader(ByteView(start.bytes).first(kLuksHeaderRegionBytes), device_bytes);
  if (!header.ok()) {
    shown.inspection.content = DiskContent::kForeign;
    shown.inspection.detail = MessageOf(header.status());
    return shown;
  }
  shown.inspection.content = DiskContent::kLuks2;
  shown.inspection.header_digest = HeaderDigest(*header);
  shown.header = *std::move(header);
  return shown;
}

StatusOr<Shown> LookAt(const std::string& path) {
  ASSIGN_OR_RETURN(const DiskStart start, ReadDiskStart(path));
  return Look(start);
}

// How a command ends that needs a header.
Status NeedsHeader(const Shown& shown) {
  if (shown.header) return absl::OkStatus();
  if (shown.inspection.content == DiskContent::kBlank) {
    return Refused("DISK_BLANK", "the disk is blank: there is no header");
  }
  return Refused("HEADER_NOT_ACCEPTED", shown.inspection.detail);
}

const char* NameOf(HeaderCopies copies) {
  switch (copies) {
    case HeaderCopies::kEqual:
      return "equal";
    case HeaderCopies::kPrimaryNewer:
      return "primary newer: an advance was cut off";
    case HeaderCopies::kPrimaryTorn:
      return "primary torn: the secondary counts";
    case HeaderCopies::kSecondaryTorn:
      return "secondary torn: the primary counts";
  }
  return "unknown";
}

const char* LayoutOf(const HeaderToken& token) {
  return token.format == kHeaderFormat ? "extent that grows" : "whole device";
}

Answer Describe(const Shown& shown) {
  Answer answer;
  if (!shown.header) {
    const bool blank = shown.inspection.content == DiskContent::kBlank;
    answer.text = blank ? "blank\n" : absl::StrCat("foreign: ", shown.inspection.detail, "\n");
    answer.json = {{"content", blank ? "blank" : "foreign"}, {"detail", shown.inspection.detail}};
    return answer;
  }
  const UnverifiedHeader& header = *shown.header;
  const HeaderToken& token = header.image.token;
  const uint64_t data_bytes = token.data_sectors * kDeviceMapperSectorBytes;
  const std::string digest = ToHex(shown.inspection.header_digest);
  answer.text = absl::StrCat("content         LUKS2 state disk, header format ", token.format, "\n",
                             "header digest   ", digest, "\n",                //
                             "uuid            ", header.uuid, "\n",           //
                             "disk counter    ", token.disk_counter, "\n",    //
                             "dek generation  ", token.dek_generation, "\n",  //
                             "data            ", data_bytes, " bytes\n",      //
                             "file system     ", LayoutOf(token), "\n",       //
                             "header copies   ", NameOf(header.copies), ", sequence ",
                             header.sequence, "\n", kUnverified, "\n");
  answer.json = {{"content", "luks2"},
                 {"header_format", token.format},
                 {"header_digest", digest},
                 {"uuid", header.uuid},
                 {"disk_counter", token.disk_counter},
                 {"dek_generation", token.dek_generation},
                 {"data_bytes", data_bytes},
                 {"file_system", LayoutOf(token)},
                 {"header_copies", NameOf(header.copies)},
                 {"sequence", header.sequence},
                 {"mac_checked", false}};
  return answer;
}

StatusOr<Answer> Inspect(const std::string& disk) {
  ASSIGN_OR_RETURN(const Shown shown, LookAt(disk));
  return Describe(shown);
}

// As many bytes of a header digest as `kedge status` shows.
constexpr size_t kLeastDigest = 8;
struct VerifyOptions {
  std::string disk;
  std::string digest;
};
StatusOr<Answer> VerifyHeader(const VerifyOptions& options) {
  const auto digest = FromHex(options.digest);
  if (!digest || digest->size() < kLeastDigest || digest->size() > Sha256Digest{}.size()) {
    return MakeError(StatusCode::kInvalidArgument, "--digest: expected 16 to 64 hex digits");
  }
  ASSIGN_OR_RETURN(const Shown shown, LookAt(options.disk));
  Answer answer = Describe(shown);
  answer.verdict = NeedsHeader(shown);
  const ByteView shown_digest(shown.inspection.header_digest);
  if (answer.verdict.ok() && !Equal(*digest, shown_digest.first(digest->size()))) {
    answer.verdict = Refused("OTHER_DISK", "this is the header of another disk: its digest is " +
                                               ToHex(shown.inspection.header_digest));
  }
  answer.json["matches"] = answer.verdict.ok();
  return answer;
}

struct CopyOptions {
  std::string disk;
  std::string file;
};
StatusOr<Answer> BackupHeader(const CopyOptions& options) {
  ASSIGN_OR_RETURN(const Shown shown, LookAt(options.disk));
  RETURN_IF_ERROR(NeedsHeader(shown));
  RETURN_IF_ERROR(CreateFileAtomically(options.file, shown.header->region, 0600));
  Answer answer = Describe(shown);
  answer.json["file"] = options.file;
  answer.text += absl::StrCat("written to ", options.file,
                              "; of use with this disk and its key only, as long as the disk's "
                              "counter is not far ahead\n");
  return answer;
}

StatusOr<Answer> RestoreHeader(const CopyOptions& options) {
  ASSIGN_OR_RETURN(const Shown copy, LookAt(options.file));
  RETURN_IF_ERROR(NeedsHeader(copy));
  ASSIGN_OR_RETURN(const DiskStart start, ReadDiskStart(options.disk));
  ASSIGN_OR_RETURN(const Shown there, Look(start));
  if (there.header) {
    return Refused("DISK_HAS_HEADER", "the disk has a whole header of its own (digest " +
                                          ToHex(there.inspection.header_digest) +
                                          "); it is not replaced: nothing was written");
  }
  // The same judgement as a node's, for this disk.
  RETURN_IF_ERROR(ParseHeader(copy.header->region, start.device_bytes).status());
  RETURN_IF_ERROR(WriteHeaderRegion(options.disk, copy.header->region));
  Answer answer = Describe(copy);
  answer.json["disk"] = options.disk;
  answer.text += absl::StrCat("written to ", options.disk, "; a node whose counter is ahead of ",
                              copy.header->image.token.disk_counter,
                              " refuses it as STALE_DISK until its owner accepts it "
                              "(`kedge node accept-disk`)\n");
  return answer;
}

constexpr char kDiskHelp[] = "block device, image of a disk, or copy of a header";

}  // namespace

void AddDisk(CLI::App& app, Call& call) {
  CLI::App* disk =
      app.add_subcommand("disk", "look at a state disk's header, copy it, put it back");
  disk->require_subcommand(1);

  const auto inspected = std::make_shared<std::string>();
  CLI::App* inspect = disk->add_subcommand("inspect", "show what the header says; needs no key");
  inspect->add_option("DISK", *inspected, kDiskHelp)->required();
  inspect->callback([&call, inspected] {
    call = [inspected](const Environment&) { return Inspect(*inspected); };
  });

  const auto verified = std::make_shared<VerifyOptions>();
  CLI::App* verify =
      disk->add_subcommand("verify", "check that it is the header of one certain disk");
  verify->add_option("DISK", verified->disk, kDiskHelp)->required();
  verify
      ->add_option("--digest", verified->digest,
                   "header digest that the node reported, or its beginning as `status` shows it")
      ->required();
  verify->callback([&call, verified] {
    call = [verified](const Environment&) { return VerifyHeader(*verified); };
  });

  const auto saved = std::make_shared<CopyOptions>();
  CLI::App* backup = disk->add_subcommand("backup-header", "copy the header to a new file");
  backup->add_option("DISK", saved->disk, kDiskHelp)->required();
  backup->add_option("FILE", saved->file, "file to write; must not exist")->required();
  backup->callback(
      [&call, saved] { call = [saved](const Environment&) { return BackupHeader(*saved); }; });

  const auto restored = std::make_shared<CopyOptions>();
  CLI::App* restore = disk->add_subcommand(
      "restore-header", "write such a copy to a disk that has no whole header any more");
  restore->add_option("FILE", restored->file, "copy made by backup-header")->required();
  restore->add_option("DISK", restored->disk, "block device, or image of a disk")->required();
  restore->callback([&call, restored] {
    call = [restored](const Environment&) { return RestoreHeader(*restored); };
  });
}

}  // namespace kedge::cli
