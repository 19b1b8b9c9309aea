// How fast evidence is verified, beside OpenSSL's own rates in the same run, on one thread; and
// whether a verifier that runs for long keeps its memory.
//
//   verify_bench [--verifications N]   N (default 1,000,000) for the question of memory; 0: not
//   asked
//
// Exit codes: 0 every target met, 1 one was missed, 2 usage, 5 could not measure.
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tests/bench/verify_cases.h"

namespace {

using namespace kedge::bench;  // NOLINT: a program

constexpr int kRounds = 9;
constexpr double kSecondsEach = 0.3;
constexpr double kLogMilliseconds = 2.0;
// Allocators of the libraries may still fill a few lists of theirs after the first rounds.
constexpr long kHeapSlack = 64 * 1024;
constexpr long kWarmUpTurns = 500;

// The median share of the reference's rate, round by round, so that a neighbour on the machine
// disturbs both sides of a ratio alike.
double Share(const Subject& subject, const Subject& reference, double signatures) {
  Subject shares{"", nullptr};
  for (size_t i = 0; i < subject.rates.size(); ++i) {
    shares.rates.push_back(subject.rates[i] * signatures / reference.rates[i]);
  }
  return shares.Median();
}

bool MeasureGroup(VerifyGroup& group) {
  std::vector<Subject*> subjects = {&group.reference};
  for (VerifyCase& entry : group.cases) subjects.push_back(&entry.subject);
  Measure(subjects, kRounds, kSecondsEach);
  std::printf("%-28s %9.0f /s\n", group.reference.name.c_str(), group.reference.Median());
  bool all_good = true;
  for (const VerifyCase& entry : group.cases) {
    const double share = Share(entry.subject, group.reference, entry.signatures);
    const bool good = share >= entry.target;
    all_good = all_good && good;
    std::printf("%-28s %9.0f /s   %.2f of the reference / %.0f", entry.subject.name.c_str(),
                entry.subject.Median(), share, entry.signatures);
    if (entry.target > 0) std::printf(" (target %.2f) %s", entry.target, good ? "ok" : "MISSED");
    std::printf("\n");
  }
  return all_good;
}

bool MeasureLog(EventLogCase& log) {
  Measure({&log.subject}, kRounds, kSecondsEach);
  const double milliseconds = 1000 / log.subject.Median();
  const bool good = milliseconds <= kLogMilliseconds;
  std::printf("%-28s %9.2f ms   %s (target %.1f ms) %s\n", log.subject.name.c_str(), milliseconds,
              log.size.c_str(), kLogMilliseconds, good ? "ok" : "MISSED");
  return good;
}

long ResidentKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  Must(false, "no VmRSS in /proc/self/status");
  return 0;
}

// All verifiers in turn; what is allocated at the end of a turn must not grow with their number.
bool MeasureHeap(const std::vector<VerifyGroup>& groups, const EventLogCase& log,
                 long verifications) {
  std::vector<const Subject*> subjects = {&log.subject};
  for (const VerifyGroup& group : groups) {
    for (const VerifyCase& entry : group.cases) subjects.push_back(&entry.subject);
  }
  const long turns = verifications / static_cast<long>(subjects.size());
  const auto run = [&](long count) {
    for (long i = 0; i < count; ++i) {
      for (const Subject* subject : subjects) subject->run();
    }
  };
  run(kWarmUpTurns);
  const auto heap_before = static_cast<long>(mallinfo2().uordblks);
  const long resident_before = ResidentKiB();
  run(turns);
  const long growth = static_cast<long>(mallinfo2().uordblks) - heap_before;
  const long resident = ResidentKiB() - resident_before;
  const bool good = growth <= kHeapSlack;
  std::printf("%-28s %9ld bytes after %ld verifications, %ld KiB resident (target %ld bytes) %s\n",
              "growth of the heap", growth, turns * static_cast<long>(subjects.size()), resident,
              kHeapSlack, good ? "ok" : "MISSED");
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  long verifications = 1'000'000;
  if (argc == 3 && std::strcmp(argv[1], "--verifications") == 0) {
    verifications = std::strtol(argv[2], nullptr, 10);
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: verify_bench [--verifications N]\n");
    return 2;
  }
  std::vector<VerifyGroup> groups = {SnpGroup(), TdxGroup(), TpmEcGroup(), TpmRsaGroup()};
  EventLogCase log = BootLogCase();
  bool good = true;
  for (VerifyGroup& group : groups) good = MeasureGroup(group) && good;
  good = MeasureLog(log) && good;
  if (verifications > 0) good = MeasureHeap(groups, log, verifications) && good;
  return good ? 0 : 1;
}
