// The benchmarks. Each prints its lines through Report (measure.h) and ends the program where it
// cannot measure.
#pragma once

#include <string>

namespace kedge::bench {

// Server CPU of an attested release over a new connection, against a bare gRPC echo over a new
// connection plus the cryptography of the evidence; then the memory of both daemons. Needs root,
// swtpm and the kernel's keyring. `self`: this program, `bootstrapper`: the other daemon's.
void BenchRelease(int rounds, const std::string& self, const std::string& bootstrapper);

// Header validation, MAC and keyslot, against the keyslot alone. Needs nothing.
void BenchKeyslot(int rounds);

// Serves bare echoes on a free port of 127.0.0.1, which it prints, until it is killed. Each message
// is answered with `first`, the next one with `second` bytes.
int RunEchoServer(size_t first, size_t second);

}  // namespace kedge::bench
