// What explain.cc knows about each check, as a table. For .cc files of this room only.
#pragma once

#include <span>
#include <string_view>

#include "attestation/verify/explain.h"

namespace kedge {

// What of a row tells which part of the component it is about.
enum class ExplainDetail { kNothing, kReason, kRegister, kTcbFloor, kTcbEqual };

struct ExplainEntry {
  std::string_view name;   // of the check; a '*' at the end stands for anything
  std::string_view about;  // a part of the row's reason; empty: any
  std::string_view component;
  ExplainDetail detail;
  std::string_view remedy;
  PolicyRuleKind kind;
  std::string_view rule;  // a '*' at the end stands for the row's reason
};

// The first entry that fits a row is the one about it.
std::span<const ExplainEntry> ExplainTable();

}  // namespace kedge
