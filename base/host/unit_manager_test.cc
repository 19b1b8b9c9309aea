#include "base/host/unit_manager.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/status_matchers.h"

namespace kedge {
namespace {

constexpr char kJob[] = "/org/freedesktop/systemd1/job/7";

// The service manager's end of its private socket: answers StartUnit with a job and says how that
// job ended.
class FakeManager {
 public:
  struct Script {
    bool refuse = false;  // answer with NoSuchUnit
    bool result_before_answer = false;
    const char* result = "done";  // nullptr: the job never ends
  };

  FakeManager(std::string path, Script script) : path_(std::move(path)), script_(script) {
    unlink(path_.c_str());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeManager() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  std::string called() const { return called_; }

 private:
  void Serve() {
    pollfd wait{.fd = listener_, .events = POLLIN, .revents = 0};
    while (poll(&wait, 1, 20) == 0) {
      if (stop_) return;
    }
    const int fd = accept(listener_, nullptr, nullptr);
    sd_bus* bus = nullptr;
    ASSERT_GE(sd_bus_new(&bus), 0);
    const absl::Cleanup closer = [bus] { sd_bus_close_unref(bus); };
    sd_id128_t id{};
    ASSERT_GE(sd_id128_randomize(&id), 0);
    ASSERT_GE(sd_bus_set_fd(bus, fd, fd), 0);
    ASSERT_GE(sd_bus_set_server(bus, 1, id), 0);
    ASSERT_GE(sd_bus_set_anonymous(bus, 1), 0);
    ASSERT_GE(sd_bus_add_object(bus, nullptr, "/org/freedesktop/systemd1", OnCall, this), 0);
    ASSERT_GE(sd_bus_start(bus), 0);
    while (!stop_) {
      const int handled = sd_bus_process(bus, nullptr);
      if (handled < 0) return;  // the client is gone
      if (handled == 0) sd_bus_wait(bus, 20'000);
    }
  }

  static int OnCall(sd_bus_message* call, void* self, sd_bus_error* error) {
    return static_cast<FakeManager*>(self)->Answer(call, error);
  }

  int Answer(sd_bus_message* call, sd_bus_error* error) {
    const char* unit = nullptr;
    const char* mode = nullptr;
    if (sd_bus_message_read(call, "ss", &unit, &mode) < 0) return -EINVAL;
    called_ = absl::StrCat(sd_bus_message_get_member(call), " ", unit, " ", mode);
    if (script_.refuse) {
      return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "Unit not found.");
    }
    sd_bus* const bus = sd_bus_message_get_bus(call);
    if (script_.result_before_answer) Finish(bus, unit);
    const int sent = sd_bus_reply_method_return(call, "o", kJob);
    if (!script_.result_before_answer) {
      // Another job's end first: it must not be taken for ours.
      Emit(bus, "/org/freedesktop/systemd1/job/6", "other.service", "failed");
      Finish(bus, unit);
    }
    return sent;
  }

  void Finish(sd_bus* bus, const char* unit) {
    if (script_.result != nullptr) Emit(bus, kJob, unit, script_.result);
  }
  static void Emit(sd_bus* bus, const char* job, const char* unit, const char* result) {
    sd_bus_emit_signal(bus, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                       "JobRemoved", "uoss", uint32_t{7}, job, unit, result);
  }

  const std::string path_;
  const Script script_;
  int listener_ = -1;
  std::string called_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class UnitManagerTest : public testing::Test {
 protected:
  const std::string path_ = absl::StrCat(testing::TempDir(), "/manager.", getpid());
};

TEST_F(UnitManagerTest, StartsAndWaitsForTheJob) {
  FakeManager manager(path_, {});
  EXPECT_OK(UnitManager(path_).Start("a.target", absl::Seconds(10)));
  EXPECT_EQ(manager.called(), "StartUnit a.target replace");
}

TEST_F(UnitManagerTest, Restarts) {
  FakeManager manager(path_, {});
  EXPECT_OK(UnitManager(path_).Restart("a.service", absl::Seconds(10)));
  EXPECT_EQ(manager.called(), "RestartUnit a.service replace");
}

TEST_F(UnitManagerTest, JobThatEndsBeforeTheAnswerIsSeen) {
  FakeManager manager(path_, {.result_before_answer = true});
  EXPECT_OK(UnitManager(path_).Start("a.target", absl::Seconds(10)));
}

TEST_F(UnitManagerTest, FailedJobIsAnError) {
  FakeManager manager(path_, {.result = "dependency"});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Seconds(10)),
              HasFault("UNIT_NOT_STARTED"));
}

TEST_F(UnitManagerTest, RefusedCallIsAnError) {
  FakeManager manager(path_, {.refuse = true});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Seconds(10)),
              HasFault("UNIT_NOT_STARTED"));
}

TEST_F(UnitManagerTest, JobThatNeverEndsTimesOut) {
  FakeManager manager(path_, {.result = nullptr});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Milliseconds(300)),
              HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(UnitManagerTest, NoManagerIsUnavailable) {
  EXPECT_THAT(UnitManager("/nonexistent/private").Start("a.target", absl::Seconds(1)),
              HasCode(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace kedge
