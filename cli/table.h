// Plain tables for people: columns as wide as their widest cell, two spaces apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace kedge::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  // Cells beyond the header are dropped, missing ones are empty. Empty cells show as "-".
  void Add(std::vector<std::string> cells);
  // Every line ends with '\n', none with a blank.
  std::string Print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// The first 16 digits of a long hexadecimal value, with "…" for the rest.
std::string Short(std::string_view hex);
inline std::string ShortHex(ByteView bytes) { return Short(ToHex(bytes)); }

}  // namespace kedge::cli
