#include "attestation/parse/signed_json.h"

#include <absl/strings/str_cat.h>

#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kedge {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 8;
constexpr size_t kMaxValues = 64 * 1024;

// Gives the parser the bytes and tells how many it has read: at the event of a brace, that brace
// is the last byte read, for the grammar needs no look-ahead there.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** last_read) : at_(at), last_read_(last_read) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *last_read_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** last_read_;
};

// Follows the parser's events: refuses what a tree would hide, and notes where the member lies.
class Watcher {
 public:
  Watcher(std::string_view name, const char* const* last_read)
      : name_(name), last_read_(last_read) {}

  bool OnEvent(int depth, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        if (depth == 1 && at_member_) begin_ = *last_read_ - 1;
        names_.emplace_back();
        Demand(depth < kMaxDepth, "nested too deep");
        break;
      case json::parse_event_t::object_end:
        names_.pop_back();
        if (depth == 1 && at_member_) end_ = *last_read_;
        break;
      case json::parse_event_t::array_start:
        Demand(depth < kMaxDepth, "nested too deep");
        break;
      case json::parse_event_t::array_end:
        break;
      case json::parse_event_t::key:
        if (depth == 1) at_member_ = parsed.get_ref<const std::string&>() == name_;
        Demand(names_.back().insert(parsed.get_ref<const std::string&>()).second,
               "a name is there twice");
        break;
      case json::parse_event_t::value:
        Demand(!parsed.is_null() && !parsed.is_number_float(), "null or a fraction");
        break;
    }
    Demand(++values_ <= kMaxValues, "too many values");
    return true;
  }

  const std::string& problem() const { return problem_; }
  std::optional<ByteView> member() const {
    if (begin_ == nullptr || end_ == nullptr || end_ <= begin_) return std::nullopt;
    const ByteView text = AsBytes({begin_, static_cast<size_t>(end_ - begin_)});
    if (text.front() != '{' || text.back() != '}') return std::nullopt;
    return text;
  }

 private:
  void Demand(bool good, std::string_view problem) {
    if (!good && problem_.empty()) problem_ = problem;
  }

  const std::string_view name_;
  const char* const* const last_read_;
  std::vector<std::set<std::string>> names_;
  size_t values_ = 0;
  bool at_member_ = false;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  std::string problem_;
};

}  // namespace

StatusOr<SignedJson> ParseSignedJson(ByteView document, std::string_view name,
                                     std::string_view what) {
  const auto bad = [what](std::string_view why) {
    return Malformed(absl::StrCat(std::string(what), ": ", std::string(why)));
  };
  const std::string_view text = AsText(document);
  const char* last_read = text.data();
  Watcher watcher(name, &last_read);
  // Only numbers and words need look-ahead, so that the watcher's positions are exact.
  json tree = json::parse(
      CountingIterator(text.data(), &last_read),
      CountingIterator(text.data() + text.size(), &last_read),
      [&watcher](int depth, json::parse_event_t event, json& parsed) {
        return watcher.OnEvent(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (tree.is_discarded() || !tree.is_object()) return bad("no JSON object");
  if (!watcher.problem().empty()) return bad(watcher.problem());
  const auto member = tree.find(name);
  const auto signature = tree.find("signature");
  const std::optional<ByteView> member_text = watcher.member();
  if (tree.size() != 2 || member == tree.end() || signature == tree.end() || !member->is_object() ||
      !signature->is_string() || !member_text) {
    return bad(absl::StrCat("expected exactly an object '", std::string(name),
                            "' and a string 'signature'"));
  }
  const auto bytes = FromHex(signature->get_ref<const std::string&>());
  const auto rs = ToArray<64>(bytes.value_or(Bytes()));
  if (!rs) return bad("the signature is not 128 hexadecimal digits");
  return SignedJson{std::move(*member), *member_text, *rs};
}

}  // namespace kedge
