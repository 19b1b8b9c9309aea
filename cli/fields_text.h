// The fields of a parsed file for people: one line a value, members of members with a dot.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace kedge::cli {

std::string FieldsText(const nlohmann::ordered_json& object);

}  // namespace kedge::cli
