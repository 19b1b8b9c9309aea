// Begins a program's work again when it crashes.
#pragma once

#include <absl/time/time.h>

#include <functional>

namespace kedge {

// Runs `work` in a child process and returns its exit status. Where the child is killed by a signal
// or exits with `crash_status`, it says so in the journal, waits for `pause` and runs it again.
//
// For units that others wait for: systemd (before 254 always) fails whatever waits for a unit that
// fails, even if it then restarts the unit; in the initrd that ends the boot.
//
// SIGTERM and SIGINT are for the child, to which systemd sends them too: the parent then returns
// what the child exits with, or 128 + the signal where there is no child at that moment. The child
// does not outlive its parent. Call it before any thread exists.
int Supervise(const std::function<int()>& work, int crash_status, absl::Duration pause);

}  // namespace kedge
