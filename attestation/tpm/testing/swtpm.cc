#include "attestation/tpm/testing/swtpm.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace kedge::testing {
namespace {

constexpr auto kStartLimit = std::chrono::seconds(20);

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The child dies with the test, however that ends.
pid_t Spawn(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

bool CanConnect(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool good = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return good;
}

}  // namespace

StatusOr<std::unique_ptr<Swtpm>> Swtpm::Start(const SwtpmOptions& options) {
  std::string pattern = (std::filesystem::temp_directory_path() / "kedge-tpm-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return Internal("cannot make a temporary folder");
  std::unique_ptr<Swtpm> out(new Swtpm(pattern));
  RETURN_IF_ERROR(out->Manufacture(options));
  RETURN_IF_ERROR(out->PowerOn());
  return out;
}

Status Swtpm::Manufacture(const SwtpmOptions& options) {
  const std::string folder = folder_.string();
  const std::filesystem::path authority = folder_ / "ca";
  std::filesystem::create_directory(authority);
  std::filesystem::create_directory(folder_ / "state");
  const std::string ca = authority.string();
  std::ofstream(authority / "localca.conf")
      << "statedir = " << ca << "\nsigningkey = " << ca << "/signkey.pem\nissuercert = " << ca
      << "/issuercert.pem\ncertserial = " << ca << "/certserial\n";
  std::ofstream(authority / "localca.options")
      << "--tpm-manufacturer id:00001014\n--tpm-model swtpm\n--tpm-version id:00010001\n"
         "--platform-manufacturer Kedge\n--platform-version 1\n--platform-model test\n";
  std::ofstream(authority / "setup.conf")
      << "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = " << ca
      << "/localca.conf\ncreate_certs_tool_options = " << ca << "/localca.options\n";
  std::vector<std::string> command = {
      "swtpm_setup",      "--tpm2",      "--tpmstate",      folder + "/state", "--config",
      ca + "/setup.conf", "--pcr-banks", options.pcr_banks, "--lock-nvram",    "--overwrite"};
  if (options.ek_certificates) command.push_back("--create-ek-cert");
  int status = 0;
  const pid_t child = Spawn(command, folder + "/setup.log");
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    return Internal("swtpm_setup failed (is swtpm-tools installed?): " +
                    ReadText(folder_ / "setup.log"));
  }
  root_pem_ = ReadText(authority / "issuercert.pem");
  return absl::OkStatus();
}

Status Swtpm::PowerOn() {
  RETURN_IF_ERROR(PowerOff());
  const std::string control = Socket() + ".ctrl";
  std::filesystem::remove(Socket());
  std::filesystem::remove(control);
  process_ =
      Spawn({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + (folder_ / "state").string(),
             "--server", "type=unixio,path=" + Socket(), "--ctrl", "type=unixio,path=" + control,
             "--flags", "not-need-init,startup-clear"},
            (folder_ / "swtpm.log").string());
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (!CanConnect(Socket()) || !CanConnect(control)) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) {
      process_ = -1;
      return Internal("swtpm ended at once: " + ReadText(folder_ / "swtpm.log"));
    }
    if (std::chrono::steady_clock::now() > deadline) return Internal("swtpm does not listen");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return absl::OkStatus();
}

Status Swtpm::PowerOff() {
  if (process_ <= 0) return absl::OkStatus();
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
  process_ = -1;
  return absl::OkStatus();
}

Status Swtpm::PowerCycle() {
  RETURN_IF_ERROR(PowerOff());
  return PowerOn();
}

Swtpm::~Swtpm() {
  (void)PowerOff();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace kedge::testing
