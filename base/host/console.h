// Lines on the machine's console, for whoever has no other way to look.
#pragma once

#include <string>
#include <string_view>

namespace kedge {

// Opens the device for each line (it may be hung up between two) and ignores failures: a node works
// without a console. One write a line, so that threads and processes do not mix within it.
class Console {
 public:
  explicit Console(std::string device = "/dev/console") : device_(std::move(device)) {}
  // `text` without line breaks; public.
  void Line(std::string_view text) const;

 private:
  const std::string device_;
};

}  // namespace kedge
