#include "proto/wire/binary.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

namespace kedge::wire {
namespace {

bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

}  // namespace

Status ParseBinary(ByteView bytes, size_t max_bytes, std::string_view what,
                   google::protobuf::Message* message) {
  const std::string name(what);
  if (bytes.size() > max_bytes) {
    return Malformed(
        absl::StrCat(name, " of ", bytes.size(), " bytes, at most ", max_bytes, " allowed"));
  }
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed(absl::StrCat(name, " does not parse"));
  }
  if (HasUnknownFields(*message)) {
    return Malformed(absl::StrCat(name, " has fields that this version does not know"));
  }
  return absl::OkStatus();
}

Bytes PrintBinary(const google::protobuf::Message& message) {
  Bytes out(message.ByteSizeLong());
  message.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

}  // namespace kedge::wire
