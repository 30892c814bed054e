#include <csignal>
#include <cstdio>
#include <fstream>

#include "common/bus/client.h"
#include "common/bus/server.h"
#include "common/process/wait.h"
#include "common/service/service_host.h"
#include "tests/service/bus/operations.h"

/// The other side of a test in a process of its own, so that it can be killed and stopped:
/// `bus_peer serve SOCKET`, `bus_peer start SOCKET`, which never gets ready, or `bus_peer call
/// SOCKET`. It prints a line once it is at work.
namespace {

using namespace pyro;
using bus::testing::Answer;
using bus::testing::Ask;
using bus::testing::Change;

void say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

/// Tells the caller that it has begun, and goes on until it is stopped.
Answer hold(bus::Call& call) {
  call.progress({.phase = "begun", .message = "", .done = {}, .total = {}});
  const StopFd never({});
  const StopFd stop(call.stop());
  wait_for(stop.get(), POLLIN, Deadline::max(), never);
  throw cancelled("stopped");
}

int serve(const std::string& socket) {
  const UniqueFd signals = block_termination_signals();
  bus::Context context;
  bus::Server server(context, {.service = "test", .socket = socket});
  server.add<Change>([](const Change&, bus::Call& call) { return hold(call); });
  // Holds the first time, and answers when it is asked again, by whatever process.
  server.add<Ask>([&socket](const Ask& ask, bus::Call& call) {
    const std::string marker = socket + ".asked";
    if (ask.text == "hold" && !std::ifstream(marker)) {
      const std::ofstream made(marker);
      return hold(call);
    }
    return Answer{ask.text};
  });
  say("ready");
  server.run(signals.get());
  return 0;
}

int start(const std::string& socket) {
  const UniqueFd signals = block_termination_signals();
  bus::Context context;
  const bus::Server server(context, {.service = "test", .socket = socket});
  say("starts");
  wait_for(signals.get(), POLLIN, Deadline::max(), StopFd({}));
  return 0;
}

int call(const std::string& socket) {
  bus::Context context;
  bus::Client client(context, "test", socket);
  client.call(Change{.key = "", .text = "hold"},
              {.deadline = Clock::now() + std::chrono::minutes(5),
               .progress = [](const api::Progress&) { say("begun"); }});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view role = argv[1];
  if (role == "start") return start(argv[2]);
  return role == "serve" ? serve(argv[2]) : call(argv[2]);
}
