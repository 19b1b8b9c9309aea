// The power-cut campaign of the state disk: records one disk's life with the kernel's
// dm-log-writes, builds disks as power cuts leave them, attaches each and checks it. Runs inside
// User-mode Linux (tests/uml/run).
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "tests/powercut/recording.h"
#include "tests/powercut/replay.h"

namespace kedge::powercut {
namespace {

struct Arguments {
  std::string disk;
  std::string log;
  std::string image;
  uint64_t images = 40;
  uint64_t seed = 1;
  uint64_t thorough_every = 5;
  int64_t only = -1;
};

constexpr int kMostFailures = 10;

std::string_view Name(Loss loss) {
  switch (loss) {
    case Loss::kNothing:
      return "nothing lost";
    case Loss::kAll:
      return "all unflushed lost";
    case Loss::kSomeWrites:
      return "some unflushed writes lost";
    case Loss::kSomeSectors:
      return "some unflushed sectors lost";
  }
  return "";
}

StatusOr<bool> Run(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Sha256Digest digest, RecordLife(arguments.disk, arguments.log));
  ASSIGN_OR_RETURN(Replay replay, Replay::Begin(arguments.log, arguments.image, digest));
  size_t flushes = 0;
  for (const LoggedWrite& write : replay.log()) flushes += write.flush ? 1 : 0;
  std::cout << "recorded " << replay.log().size() << " entries, " << flushes << " flushes"
            << std::endl;
  // Phase and end of each image.
  std::map<std::string, std::map<std::string, int>> ends;
  int failures = 0;
  uint64_t checked = 0;
  for (const Cut& cut :
       PlanCuts(replay.log(), arguments.images, arguments.seed, arguments.thorough_every)) {
    if (arguments.only >= 0 && cut.index != static_cast<uint64_t>(arguments.only)) continue;
    const auto end = replay.Check(cut);
    ++checked;
    ASSIGN_OR_RETURN(const Expectation expected, Expect(replay.log(), cut.at));
    ++ends[expected.phase][end.ok() ? *end : "FAILED"];
    if (checked % 100 == 0) std::cout << checked << " images" << std::endl;
    if (end.ok()) continue;
    std::cout << "image " << cut.index << ", cut at entry " << cut.at << " in " << expected.phase
              << ", " << Name(cut.loss) << ": " << end.status().ToString() << std::endl;
    if (++failures == kMostFailures) break;
  }
  for (const auto& [phase, counts] : ends) {
    std::cout << phase << ":";
    for (const auto& [end, count] : counts) std::cout << " " << count << " " << end;
    std::cout << std::endl;
  }
  std::cout << checked << " images of seed " << arguments.seed << ", " << failures << " failed"
            << std::endl;
  return failures == 0 && checked > 0;
}

}  // namespace
}  // namespace kedge::powercut

int main(int argc, char** argv) {
  kedge::powercut::Arguments arguments;
  CLI::App app{"Cuts the power of a state disk at many points and checks what is left."};
  app.add_option("disk", arguments.disk, "lives and is recorded")->required();
  app.add_option("log", arguments.log, "gets the write log")->required();
  app.add_option("image", arguments.image, "gets each crash image; as large as disk")->required();
  app.add_option("--images", arguments.images, "how many")->capture_default_str();
  app.add_option("--seed", arguments.seed, "of where and what is lost")->capture_default_str();
  app.add_option("--thorough-every", arguments.thorough_every,
                 "of how many images one is also grown to its end and read whole")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--only", arguments.only, "the index of one image");
  CLI11_PARSE(app, argc, argv);
  const auto good = kedge::powercut::Run(arguments);
  if (!good.ok()) std::cerr << good.status().ToString() << "\n";
  return good.ok() && *good ? 0 : 1;
}
