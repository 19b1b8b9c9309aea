#include "cli/fields_text.h"

#include "cli/table.h"

namespace kedge::cli {
namespace {

std::string ValueText(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void AddRows(const nlohmann::ordered_json& object, const std::string& prefix, Table& table) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      AddRows(value, prefix + name + ".", table);
    } else {
      table.Add({prefix + name, ValueText(value)});
    }
  }
}

}  // namespace

std::string FieldsText(const nlohmann::ordered_json& object) {
  Table table({"FIELD", "VALUE"});
  AddRows(object, "", table);
  return table.Print();
}

}  // namespace kedge::cli
