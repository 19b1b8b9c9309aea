#include "proto/wire/json.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace kedge::wire {
namespace {

// Walks the text once without building anything and refuses what a tree would hide or protobuf's
// reader would let pass: repeated names, null, second spellings, and sizes out of proportion.
class StrictSax final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit StrictSax(const JsonLimits& limits) : limits_(limits) {}
  const std::string& problem() const { return problem_; }

  bool null() override { return Fail("null: leave the field out instead"); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override {
    return Fail("a number with a fraction or exponent");
  }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return Fail("binary"); }
  bool start_object(std::size_t) override {
    names_.emplace_back();
    return Enter();
  }
  bool key(string_t& name) override {
    const bool upper =
        std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (upper) return Fail(absl::StrCat("name '", name, "': names are written in snake_case"));
    if (!names_.back().insert(name).second) {
      return Fail(absl::StrCat("name '", name, "' is there twice"));
    }
    return Value();
  }
  bool end_object() override {
    names_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail(absl::StrCat("no valid JSON at byte ", position));
  }

 private:
  bool Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  bool Value() {
    return ++values_ <= limits_.max_values ||
           Fail(absl::StrCat("more than ", limits_.max_values, " values"));
  }
  bool Enter() {
    return (++depth_ <= limits_.max_depth ||
            Fail(absl::StrCat("nested deeper than ", limits_.max_depth))) &&
           Value();
  }

  const JsonLimits limits_;
  std::vector<std::set<std::string>> names_;
  size_t depth_ = 0;
  size_t values_ = 0;
  std::string problem_;
};

using Field = google::protobuf::FieldDescriptor;

Status CheckObject(const nlohmann::json& json, const google::protobuf::Descriptor& type);

// protobuf's reader takes a single value where a list belongs and several forms of base64.
Status CheckValue(const nlohmann::json& json, const Field& field) {
  if (field.cpp_type() == Field::CPPTYPE_MESSAGE) return CheckObject(json, *field.message_type());
  if (field.type() == Field::TYPE_BYTES &&
      !(json.is_string() && FromBase64(json.get_ref<const std::string&>()))) {
    return Malformed(absl::StrCat("JSON: ", field.name(), ": expected base64 with padding"));
  }
  return absl::OkStatus();
}

Status CheckObject(const nlohmann::json& json, const google::protobuf::Descriptor& type) {
  if (!json.is_object()) {
    return Malformed(absl::StrCat("JSON: expected an object for ", type.name()));
  }
  for (const auto& [name, value] : json.items()) {
    const Field* field = type.FindFieldByName(name);
    if (field == nullptr) {
      return Malformed(absl::StrCat("JSON: unknown name '", name, "' in ", type.name()));
    }
    if (field->is_map()) {
      if (!value.is_object()) {
        return Malformed(absl::StrCat("JSON: ", name, ": expected an object"));
      }
      const Field& element = *field->message_type()->map_value();
      for (const auto& entry : value) RETURN_IF_ERROR(CheckValue(entry, element));
    } else if (field->is_repeated()) {
      if (!value.is_array()) return Malformed(absl::StrCat("JSON: ", name, ": expected a list"));
      for (const auto& entry : value) RETURN_IF_ERROR(CheckValue(entry, *field));
    } else {
      RETURN_IF_ERROR(CheckValue(value, *field));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Status ParseJson(std::string_view text, const JsonLimits& limits,
                 google::protobuf::Message* message) {
  if (text.size() > limits.max_bytes) {
    return Malformed(
        absl::StrCat("JSON of ", text.size(), " bytes, at most ", limits.max_bytes, " allowed"));
  }
  StrictSax sax(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &sax)) {
    return Malformed(absl::StrCat("JSON: ", sax.problem()));
  }
  // Bounded and free of repeated names now, so that a tree of it means the same to every reader.
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  RETURN_IF_ERROR(CheckObject(json, *message->GetDescriptor()));
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  options.case_insensitive_enum_parsing = false;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), message, options);
  if (!parsed.ok()) return Malformed(absl::StrCat("JSON: ", std::string(parsed.message())));
  return absl::OkStatus();
}

StatusOr<std::string> PrintJson(const google::protobuf::Message& message) {
  namespace pb = google::protobuf;
  // MessageToJsonString would write maps in a different order in every process.
  std::string wire;
  {
    pb::io::StringOutputStream stream(&wire);
    pb::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!message.SerializeToCodedStream(&coded)) return Internal("printing JSON: no wire form");
  }
  constexpr char kPrefix[] = "kedge.dev";
  const std::unique_ptr<pb::util::TypeResolver> types(
      pb::util::NewTypeResolverForDescriptorPool(kPrefix, message.GetDescriptor()->file()->pool()));
  pb::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = pb::util::BinaryToJsonString(
      types.get(), absl::StrCat(kPrefix, "/", message.GetDescriptor()->full_name()), wire, &text,
      options);
  if (!printed.ok()) return Internal("printing JSON: " + std::string(printed.message()));
  return text;
}

}  // namespace kedge::wire
