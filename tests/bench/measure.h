// CPU time, medians, and one JSON line a result.
#pragma once

#include <absl/time/time.h>
#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace kedge::bench {

absl::Duration ThreadCpu();                // of the calling thread
absl::Duration ProcessCpu(pid_t process);  // of all threads of `process` so far
// Waits until `process` has stopped working, and returns its CPU time.
absl::Duration SettledCpu(pid_t process);
// "VmRSS" or "VmHWM" of `process`, in MiB.
double MemoryMib(pid_t process, const std::string& field);

double Median(std::vector<double> values);
inline double Microseconds(absl::Duration duration) { return absl::ToDoubleMicroseconds(duration); }

// Prints `line` with "target" and "met", and remembers whether every target was met.
void Report(nlohmann::ordered_json line, double value, double target);
bool AllMet();

}  // namespace kedge::bench
