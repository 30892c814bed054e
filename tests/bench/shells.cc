#include "tests/bench/shells.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include "common/api/agent.h"
#include "common/api/prepare.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/base/error.h"
#include "common/link/agent_client.h"
#include "common/stream/output_receiver.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr int kKeystrokes = 201;
constexpr int kServiceRounds = 15;
constexpr std::uint64_t kMuchOutput = 100'000'000;

/// What a shell shows to a person, as `pyro workspace shell attach` has it.
class Screen {
 public:
  Screen(BenchStack& stack, const std::string& id, const std::string& shell)
      : receiver_(stack.paths().runtime_dir / "streams",
                  [this](std::uint32_t, std::string_view data) { saw(data); }) {
    attached_ = std::async(std::launch::async, [&stack, id, shell, this] {
      stack.client().call(
          api::AttachShell{
              .workspace_id = id, .shell_id = shell, .output_socket = receiver_.socket().string()},
          BenchStack::patient());
    });
  }
  ~Screen() { attached_.wait(); }

  /// So many bytes so far.
  std::uint64_t seen() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  void wait_for(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return bytes_ >= bytes; })) {
      throw deadline_exceeded("the shell does not echo");
    }
  }

 private:
  void saw(std::string_view data) {
    const std::lock_guard lock(mutex_);
    bytes_ += data.size();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t bytes_ = 0;
  OutputReceiver receiver_;
  std::future<void> attached_;
};

std::string open_shell(Workspaces& workspaces, const std::string& id) {
  const auto shell = workspaces.call(api::OpenShell{.workspace_id = id}).shell_id;
  workspaces.call(api::ReadShell{.workspace_id = id, .shell_id = shell, .wait_for_idle_ms = 500});
  return shell;
}

/// Of a question that the agent answers at once, on an open stream.
double link_round_trip(BenchStack& stack, const std::string& vm_id) {
  const Work work = BenchStack::patient();
  auto agent = link::AgentConnection::dial(MachinePaths(stack.paths(), vm_id).link_socket,
                                           api::agent::kPort, work);
  const auto ask = [&] { agent.call(api::agent::AskLeftRunning{}, work); };
  median_of(20, ask);
  return median_of(kKeystrokes, ask);
}

void measure_keystrokes(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const std::string id = workspaces.create();
  const std::string shell = open_shell(workspaces, id);
  // The terminal's own echo: that of a line editor costs the guest's program as well.
  workspaces.call(api::WriteShell{.workspace_id = id, .shell_id = shell, .input = "exec cat"});
  workspaces.call(api::ReadShell{.workspace_id = id, .shell_id = shell, .wait_for_idle_ms = 500});
  const double link = link_round_trip(stack, workspaces.machine_of(id));
  double echo = 0;
  {
    Screen screen(stack, id, shell);
    screen.wait_for(1);
    const auto press = [&] {
      const std::uint64_t before = screen.seen();
      workspaces.call(api::WriteShell{
          .workspace_id = id, .shell_id = shell, .input = "x", .append_newline = false});
      screen.wait_for(before + 1);
    };
    median_of(20, press);
    echo = median_of(kKeystrokes, press);
    workspaces.call(api::CloseShell{.workspace_id = id, .shell_id = shell});
  }
  add("the link's round trip", link, "ms", "p50, a question to the agent on an open stream");
  add("keystroke to echo", echo, "ms",
      fmt::format("p50, by the services as attach types and shows; {:.1f} over the link, at most 3",
                  echo - link));
  workspaces.remove(id);
}

void measure_much_output(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const std::string id = workspaces.create();
  const std::string shell = open_shell(workspaces, id);
  const auto print = [&](std::uint64_t bytes) {
    std::uint64_t cursor = 0;
    std::string end;
    workspaces.call(api::WriteShell{
        .workspace_id = id,
        .shell_id = shell,
        .input = fmt::format("stty -opost; yes 0123456789abcde | head -c {}; echo over-$((1+1))",
                             bytes)});
    while (end.find("over-2") == std::string::npos) {
      const auto part = workspaces.call(api::ReadShell{
          .workspace_id = id, .shell_id = shell, .cursor = cursor, .wait_for_idle_ms = 20});
      cursor = part.next_cursor;
      end = end.substr(end.size() - std::min<std::size_t>(end.size(), 10)) + part.output;
    }
  };
  print(1'000'000);
  const auto before = peaks_mib(stack);
  workspaces.call(api::CloseShell{.workspace_id = id, .shell_id = shell});
  const std::string second = open_shell(workspaces, id);
  const double took = milliseconds_of([&] {
    workspaces.call(api::WriteShell{
        .workspace_id = id,
        .shell_id = second,
        .input = fmt::format("stty -opost; yes 0123456789abcde | head -c {}; exit", kMuchOutput)});
    Screen(stack, id, second);
  });
  add("100 MB through a shell", static_cast<double>(kMuchOutput) / 1000 / took, "MB/s",
      "printed and followed by a person; what is too old is dropped");
  for (const auto& [program, after] : peaks_mib(stack)) {
    const auto earlier = before.find(program);
    if (earlier == before.end()) continue;
    add(fmt::format("peak of {}", program), after, "MiB",
        fmt::format("after 100 MB; {:.1f} MiB after 1 MB", earlier->second));
  }
  workspaces.remove(id);
}

/// Says how long it took from the birth of its process, which its shell becomes, until it listens.
constexpr const char* kListeningServer = R"(import os, socket, time
listener = socket.create_server(('127.0.0.1', 8000))
with open('/proc/self/stat') as stat:
    born = int(stat.read().rsplit(')', 1)[1].split()[19]) / os.sysconf('SC_CLK_TCK')
print((time.clock_gettime(time.CLOCK_BOOTTIME) - born) * 1000, flush=True)
while True:
    listener.accept()[0].close()
)";

void measure_service_start(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const std::string id = workspaces.create();
  workspaces.call(api::WriteFile{.workspace_id = id, .path = "serve.py", .text = kListeningServer});
  std::vector<double> own;
  std::vector<double> over;
  for (int i = 0; i < kServiceRounds; ++i) {
    api::ServiceReply started;
    const double took = milliseconds_of([&] {
      started = workspaces.call(api::StartService{.workspace_id = id,
                                                  .service_name = "web",
                                                  .command = "exec python3 -u serve.py",
                                                  .ready_tcp = "localhost:8000"});
    });
    if (!started.ready_at) throw unavailable("the service failed: {}", *started.failure);
    // It listens a moment before it says so.
    std::string log;
    while (!log.ends_with('\n')) {
      log =
          workspaces.call(api::ServiceLogs{.workspace_id = id, .service_name = "web"}).stdout_text;
    }
    own.push_back(std::stod(log));
    over.push_back(took - own.back());
    workspaces.call(api::StopService{.workspace_id = id, .service_name = "web"});
  }
  add("program until it listens", percentile(own, 0.5), "ms",
      "p50, a shell and python3 in the guest, from the process's birth in ticks of 10 ms");
  add("service start, tcp readiness", percentile(over, 0.5), "ms",
      "p50, over the program's own time; at most 20");
  workspaces.remove(id);
}

}  // namespace

Part measure_shells() {
  Part part{.title = "shells and services, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{});
  stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
  measure_keystrokes(stack, add);
  measure_much_output(stack, add);
  measure_service_start(stack, add);
  return part;
}

}  // namespace pyro::bench
