#include "tests/bench/measure.h"

#include <absl/time/clock.h>
#include <ctime>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace kedge::bench {
namespace {

bool all_met = true;

absl::Duration Read(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) std::abort();
  return absl::DurationFromTimespec(now);
}

}  // namespace

absl::Duration ThreadCpu() { return Read(CLOCK_THREAD_CPUTIME_ID); }

absl::Duration ProcessCpu(pid_t process) {
  clockid_t clock{};
  if (clock_getcpuclockid(process, &clock) != 0) std::abort();
  return Read(clock);
}

absl::Duration SettledCpu(pid_t process) {
  constexpr absl::Duration kQuiet = absl::Microseconds(100);
  absl::Duration before = ProcessCpu(process);
  for (int i = 0; i < 100; ++i) {
    absl::SleepFor(absl::Milliseconds(20));
    const absl::Duration now = ProcessCpu(process);
    if (now - before < kQuiet) return now;
    before = now;
  }
  return before;
}

double MemoryMib(pid_t process, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string name;
  double kib = 0;
  while (status >> name) {
    if (name == field + ":" && status >> kib) return kib / 1024;
  }
  std::cerr << "process " << process << " has no " << field << "\n";
  std::abort();
}

double Median(std::vector<double> values) {
  if (values.empty()) std::abort();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void Report(nlohmann::ordered_json line, double value, double target) {
  const bool met = value <= target;
  line["target"] = target;
  line["met"] = met;
  all_met = all_met && met;
  std::cout << line.dump() << std::endl;
}

bool AllMet() { return all_met; }

}  // namespace kedge::bench
