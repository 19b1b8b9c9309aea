// Measures how often something runs in a second of one thread's processor time, so that neighbours
// on the machine matter little. Rounds of the things to compare alternate within one run.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace kedge::bench {

inline double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Subject {
  std::string name;
  std::function<void()> run;
  std::vector<double> rates = {};  // a second, one a round

  double Median() const {
    std::vector<double> sorted = rates;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
};

inline void Measure(std::vector<Subject*> subjects, int rounds, double seconds_each) {
  for (int round = 0; round < rounds; ++round) {
    for (Subject* subject : subjects) {
      const double start = ThreadSeconds();
      double now = start;
      long runs = 0;
      for (; now - start < seconds_each; now = ThreadSeconds()) {
        for (int i = 0; i < 16; ++i) subject->run();
        runs += 16;
      }
      subject->rates.push_back(static_cast<double>(runs) / (now - start));
    }
  }
}

}  // namespace kedge::bench
