#include "base/host/testing/fake_manager.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace kedge::testing {
namespace {

constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kJob[] = "/org/freedesktop/systemd1/job/7";

void EmitJobRemoved(sd_bus* bus, const char* job, const char* unit, const char* result) {
  sd_bus_emit_signal(bus, kPath, "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss",
                     uint32_t{7}, job, unit, result);
}

}  // namespace

FakeManager::FakeManager(std::string path, Script script)
    : path_(std::move(path)), script_(script) {
  unlink(path_.c_str());
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 1), 0);
  thread_ = std::thread([this] { Serve(); });
}

FakeManager::~FakeManager() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void FakeManager::Serve() {
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
  ASSERT_GE(sd_bus_add_object(bus, nullptr, kPath, OnCall, this), 0);
  ASSERT_GE(sd_bus_start(bus), 0);
  while (!stop_) {
    const int handled = sd_bus_process(bus, nullptr);
    if (handled < 0) return;  // the client is gone
    if (handled == 0) sd_bus_wait(bus, 20'000);
  }
}

int FakeManager::OnCall(sd_bus_message* call, void* self, sd_bus_error* error) {
  return static_cast<FakeManager*>(self)->Answer(call, error);
}

int FakeManager::Answer(sd_bus_message* call, sd_bus_error* error) {
  // Unit and mode, or interface and property.
  const char* first = nullptr;
  const char* second = nullptr;
  if (sd_bus_message_read(call, "ss", &first, &second) < 0) return -EINVAL;
  const std::string_view member = sd_bus_message_get_member(call);
  called_ = absl::StrCat(std::string(member), " ", first, " ", second);
  if (script_.refuse) {
    return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "Unit not found.");
  }
  if (member == "Get") return sd_bus_reply_method_return(call, "v", "s", script_.state);
  return AnswerWithJob(call, first);
}

int FakeManager::AnswerWithJob(sd_bus_message* call, const char* unit) const {
  sd_bus* const bus = sd_bus_message_get_bus(call);
  const auto finish = [&] {
    if (script_.result != nullptr) EmitJobRemoved(bus, kJob, unit, script_.result);
  };
  if (script_.result_before_answer) finish();
  const int sent = sd_bus_reply_method_return(call, "o", kJob);
  if (!script_.result_before_answer) {
    // Another job's end first: it must not be taken for ours.
    EmitJobRemoved(bus, "/org/freedesktop/systemd1/job/6", "other.service", "failed");
    finish();
  }
  return sent;
}

}  // namespace kedge::testing
