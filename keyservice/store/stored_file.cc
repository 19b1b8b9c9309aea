#include "keyservice/store/stored_file.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/lp.h"
#include "base/reader.h"
#include "crypto/digest.h"

namespace kedge {
namespace {

constexpr std::string_view kLabel = "kedge/1 stored value";

StatusOr<StoredValue> Parse(std::string_view key, ByteView file) {
  Reader reader(file);
  ASSIGN_OR_RETURN(const ByteView label, reader.Lp(kLabel.size()));
  if (!Equal(label, AsBytes(kLabel))) return Malformed("not a stored value");
  ASSIGN_OR_RETURN(const ByteView name, reader.Lp(kMaxStoreKey));
  if (!Equal(name, AsBytes(key))) return Malformed("the file holds another key");
  ASSIGN_OR_RETURN(const ByteView revision_field, reader.Lp(8));
  Reader revision_reader(revision_field);
  ASSIGN_OR_RETURN(const uint64_t revision, revision_reader.U64Be());
  ASSIGN_OR_RETURN(const ByteView value, reader.Lp(kMaxStoredValue));
  const ByteView covered = file.first(reader.position());
  ASSIGN_OR_RETURN(const ByteView digest, reader.Lp(32));
  RETURN_IF_ERROR(reader.ExpectEnd());
  if (revision == 0) return Malformed("revision 0");
  if (!Equal(digest, Sha256(covered))) return Malformed("the digest does not fit");
  return StoredValue{.value = ToBytes(value), .revision = revision};
}

}  // namespace

Bytes EncodeStoredFile(std::string_view key, const StoredValue& value) {
  LpWriter writer;
  writer.Add(kLabel).Add(key).AddU64(value.revision).Add(value.value);
  const Sha256Digest digest = Sha256(writer.bytes());
  return std::move(writer.Add(digest)).Take();
}

StatusOr<StoredValue> ParseStoredFile(std::string_view key, ByteView file) {
  StatusOr<StoredValue> value = Parse(key, file);
  if (value.ok()) return value;
  return MakeFault(StatusCode::kDataLoss, "STORE_CORRUPT", Advice::kAskOperator,
                   absl::StrCat("stored value of ", std::string(key), " is damaged: ",
                                value.status().message(), "; restore the state disk"));
}

std::string StoredFileName(std::string_view key) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '/', '@');
  return name;
}

std::optional<std::string> KeyOfStoredFileName(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '@', '/');
  if (!CheckStoreKey(key).ok() || StoredFileName(key) != name) return std::nullopt;
  return key;
}

}  // namespace kedge
