// The service manager's end of its private socket, for tests.
#pragma once

#include <systemd/sd-bus.h>

#include <atomic>
#include <string>
#include <thread>

namespace kedge::testing {

// Answers one connection: StartUnit and RestartUnit with a job and how that job ended, Get with the
// system's state.
class FakeManager {
 public:
  struct Script {
    bool refuse = false;  // answer with NoSuchUnit
    bool result_before_answer = false;
    const char* result = "done";  // of the job; nullptr: it never ends
    const char* state = "running";
  };

  FakeManager(std::string path, Script script);
  ~FakeManager();
  FakeManager(const FakeManager&) = delete;
  FakeManager& operator=(const FakeManager&) = delete;

  // The last call with its arguments.
  std::string called() const { return called_; }

 private:
  void Serve();
  static int OnCall(sd_bus_message* call, void* self, sd_bus_error* error);
  int Answer(sd_bus_message* call, sd_bus_error* error);
  int AnswerWithJob(sd_bus_message* call, const char* unit) const;

  const std::string path_;
  const Script script_;
  int listener_ = -1;
  std::string called_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace kedge::testing
