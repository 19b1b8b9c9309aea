#include "attestation/collateral/store.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/host/files.h"
#include "crypto/digest.h"

namespace kedge::collateral {
namespace {

constexpr size_t kMaxFile = kMaxAnswer + 256 * 1024;
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;
constexpr std::string_view kDocumentEnd = ".doc";
constexpr std::string_view kMarkEnd = ".mark";
constexpr int kMaxDoublings = 16;

std::string FileFor(const std::string& folder, const std::string& key, std::string_view end) {
  return absl::StrCat(folder, "/", ToHex(Sha256(AsBytes(key))), std::string(end));
}

std::string HostOf(const std::string& url) {
  const size_t start = url.find("://");
  const size_t host = start == std::string::npos ? 0 : start + 3;
  return url.substr(host, url.find('/', host) - host);
}

bool InForce(const DocumentFacts& facts, absl::Time now) {
  return facts.issued <= now && now <= facts.next_update;
}

Status NotInForce() {
  return MakeFault(StatusCode::kUnavailable, "COLLATERAL_STALE", Advice::kRetry,
                   "the service sent a document that is not in force now; is the clock right?");
}

}  // namespace

// What several callers wait for together.
struct Store::Flight {
  bool done = false;
  StatusOr<Kept> result = absl::UnknownError("not done");
};

StatusOr<Kept> Store::FromDisk(const std::string& url, const DocumentCheck& check) const {
  ASSIGN_OR_RETURN(const Bytes file,
                   ReadFileBounded(FileFor(options_.folder, url, kDocumentEnd), kMaxFile));
  ASSIGN_OR_RETURN(Document document, DecodeDocument(file));
  if (document.url != url) return Malformed("cached file of another address");
  ASSIGN_OR_RETURN(DocumentFacts facts, check(document));
  ASSIGN_OR_RETURN(const std::optional<Watermark> mark, MarkOf(facts.subject));
  if (mark) RETURN_IF_ERROR(CheckNotBehind(facts, *mark));
  return Kept{std::move(document), std::move(facts), absl::OkStatus()};
}

StatusOr<std::optional<Watermark>> Store::MarkOf(const std::string& subject) const {
  const StatusOr<Bytes> file =
      ReadFileBounded(FileFor(options_.folder, subject, kMarkEnd), kMaxFile);
  if (file.status().code() == StatusCode::kNotFound) return std::optional<Watermark>();
  if (!file.ok()) return file.status();
  // A mark that cannot be read must not count as none: that would undo it.
  StatusOr<Watermark> mark = DecodeWatermark(*file);
  if (!mark.ok() || mark->subject != subject) {
    return Malformed(absl::StrCat(FileFor(options_.folder, subject, kMarkEnd),
                                  ", which remembers the newest ", subject,
                                  ", was changed: find out by whom, then remove it"));
  }
  return std::optional<Watermark>(*std::move(mark));
}

Status Store::Accept(const Document& document, const DocumentFacts& facts) {
  const absl::MutexLock lock(&marks_mutex_);
  ASSIGN_OR_RETURN(const std::optional<Watermark> mark, MarkOf(facts.subject));
  if (mark) RETURN_IF_ERROR(CheckNotBehind(facts, *mark));
  RETURN_IF_ERROR(MakeFolders(options_.folder, kFolderMode));
  // The mark first: a crash in between costs a fetch, never the memory of what was seen.
  RETURN_IF_ERROR(WriteFileAtomically(FileFor(options_.folder, facts.subject, kMarkEnd),
                                      EncodeWatermark({facts.subject, facts.edition, facts.issued}),
                                      kFileMode));
  return WriteFileAtomically(FileFor(options_.folder, document.url, kDocumentEnd),
                             EncodeDocument(document), kFileMode);
}

Status Store::MayAsk(const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  const absl::Time not_before = backoffs_[host].not_before;
  if (clock_.Now() >= not_before) return absl::OkStatus();
  return MakeFault(StatusCode::kUnavailable, "COLLATERAL_BACKOFF", Advice::kRetry,
                   absl::StrCat(host, " failed before and is asked again after ",
                                absl::FormatTime(not_before, absl::UTCTimeZone())));
}

// Doubles from try to try, and spreads each wait over its upper half, so that many machines do not
// come back together. What the server asks for is kept to, within reason.
void Store::Failed(const std::string& host, std::optional<absl::Duration> wait) {
  uint8_t spread = 0;
  random_.Fill({&spread, 1}).IgnoreError();
  const absl::MutexLock lock(&mutex_);
  Backoff& backoff = backoffs_[host];
  const absl::Duration doubled =
      options_.first_backoff * (1 << std::min(backoff.failures, kMaxDoublings));
  const absl::Duration longest = std::min(doubled, options_.longest_backoff);
  absl::Duration pause = longest / 2 + longest / 2 * spread / 255;
  if (wait) pause = std::max(pause, std::min(*wait, options_.longest_backoff));
  ++backoff.failures;
  backoff.not_before = clock_.Now() + pause;
}

void Store::Succeeded(const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  backoffs_.erase(host);
}

StatusOr<Kept> Store::FetchOnce(const std::string& url, const std::string& chain_header,
                                const DocumentCheck& check) {
  const std::string host = HostOf(url);
  RETURN_IF_ERROR(MayAsk(host));
  const StatusOr<HttpAnswer> answer = http_.Get(url);
  const Status status = answer.ok() ? CheckAnswer(url, *answer) : answer.status();
  if (!status.ok()) {
    // An unknown platform is an answer, not an outage.
    if (status.code() != StatusCode::kNotFound) {
      Failed(host, answer.ok() ? RetryAfter(*answer) : std::nullopt);
    }
    return status;
  }
  Document document{url, clock_.Now(), "", answer->body};
  if (!chain_header.empty()) {
    const auto header = answer->headers.find(chain_header);
    if (header == answer->headers.end()) {
      Failed(host, std::nullopt);
      return Malformed(absl::StrCat(url, ": the answer has no header ", chain_header));
    }
    ASSIGN_OR_RETURN(document.issuer_chain_pem, PercentDecode(header->second));
  }
  StatusOr<DocumentFacts> facts = check(document);
  Status accepted = facts.status();
  if (facts.ok()) {
    accepted = InForce(*facts, document.fetched) ? Accept(document, *facts) : NotInForce();
  }
  if (!accepted.ok()) {
    Failed(host, std::nullopt);
    return Annotate(accepted, url);
  }
  Succeeded(host);
  return Kept{std::move(document), *std::move(facts), absl::OkStatus()};
}

StatusOr<Kept> Store::Fetch(const std::string& url, const std::string& chain_header,
                            const DocumentCheck& check) {
  std::shared_ptr<Flight> flight;
  bool mine = false;
  {
    const absl::MutexLock lock(&mutex_);
    std::shared_ptr<Flight>& slot = flights_[url];
    mine = slot == nullptr;
    if (mine) slot = std::make_shared<Flight>();
    flight = slot;
  }
  if (!mine) {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&flight->done));
    return flight->result;
  }
  // Another caller's request may have ended between this caller's look at the disk and its turn.
  StatusOr<Kept> result = FromDisk(url, check);
  if (!IsFresh(result)) result = FetchOnce(url, chain_header, check);
  const absl::MutexLock lock(&mutex_);
  flight->result = result;
  flight->done = true;
  flights_.erase(url);
  return result;
}

bool Store::IsFresh(const StatusOr<Kept>& kept) const {
  const absl::Time now = clock_.Now();
  return kept.ok() && InForce(kept->facts, now) &&
         now < kept->facts.next_update - options_.renew_before;
}

StatusOr<Kept> Store::Get(const std::string& url, const std::string& chain_header,
                          const DocumentCheck& check) {
  StatusOr<Kept> kept = FromDisk(url, check);
  const bool in_force = kept.ok() && InForce(kept->facts, clock_.Now());
  if (IsFresh(kept) || (in_force && options_.offline)) return kept;
  if (options_.offline) {
    return MakeFault(StatusCode::kUnavailable, "COLLATERAL_OFFLINE", Advice::kAskOperator,
                     absl::StrCat(url, ": not in the offline bundle, or no longer in force: ",
                                  kept.ok() ? "expired" : MessageOf(kept.status())));
  }
  StatusOr<Kept> fetched = Fetch(url, chain_header, check);
  if (fetched.ok() || !in_force) return fetched;
  kept->renewal = fetched.status();
  return kept;
}

StatusOr<std::vector<Document>> Store::List() const {
  std::vector<Document> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (entry.path().extension() != kDocumentEnd) continue;
    const StatusOr<Bytes> file = ReadFileBounded(entry.path(), kMaxFile);
    StatusOr<Document> document = file.ok() ? DecodeDocument(*file) : file.status();
    if (document.ok()) out.push_back(*std::move(document));
  }
  if (error) {
    return MakeError(StatusCode::kNotFound, absl::StrCat(options_.folder, ": ", error.message()));
  }
  std::sort(out.begin(), out.end(),
            [](const Document& a, const Document& b) { return a.url < b.url; });
  return out;
}

}  // namespace kedge::collateral
