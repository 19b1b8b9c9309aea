#include "cli/testing/kedge_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "house/folders.h"

namespace kedge::testing {
namespace {

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

KedgeEnded RunKedge(const std::vector<std::string>& arguments, const std::string& folder) {
  std::vector<std::string> words = {"timeout", "120", KEDGE_BINARY_DIR "/cli/kedge"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const std::string out = folder + "/kedge.out";
  const std::string err = folder + "/kedge.err";
  constexpr int kNewFile = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kNewFile, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), kNewFile, 0600);
  pid_t child = -1;
  const int error = posix_spawnp(&child, "timeout", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {};
  int status = 0;
  waitpid(child, &status, 0);
  constexpr int kTimedOut = 124;
  const bool ended = WIFEXITED(status) && WEXITSTATUS(status) != kTimedOut;
  return {.code = ended ? WEXITSTATUS(status) : -1, .out = Content(out), .err = Content(err)};
}

}  // namespace kedge::testing
