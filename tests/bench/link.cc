#include "tests/bench/link.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "common/api/agent.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_sync.h"
#include "common/base/error.h"
#include "common/link/agent_client.h"
#include "common/process/child_process.h"
#include "common/stack/installation.h"
#include "services/vm/drivers/link_fd.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr std::uint64_t kPortBytes = 100U << 20U;
constexpr int kLinkRounds = 3;

std::pair<UniqueFd, UniqueFd> make_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Of a bare guest's virtio-serial port, in MB/s: no mux, no frames, no shim.
struct PortRate {
  double echo;  ///< each way, of bytes that the guest sends back as they come
  double sent;  ///< guest to host alone
};

/// QEMU as the driver starts it, with the echo in the agent's place.
class BareGuest {
 public:
  explicit BareGuest(BenchStack& stack) {
    const vm::Launch launch =
        stack.driver(find_helper("pyro-bench-port-echo")).prepare_probe(stack.boot_files());
    auto [ours, theirs] = make_pair();
    auto [console, their_console] = make_pair();
    port_ = std::move(ours);
    console_ = std::move(console);
    vmm_.emplace(Command{
        .argv = launch.argv,
        .descriptors = {{vm::kLinkFd, theirs.get()}, {vm::kConsoleFd, their_console.get()}}});
    take(1);
  }

  void put(std::string_view bytes) { write_all(port_.get(), bytes); }
  void take(std::uint64_t bytes) {
    std::string buffer(256U << 10U, '\0');
    while (bytes > 0) {
      const ssize_t n =
          ::read(port_.get(), buffer.data(), std::min<std::uint64_t>(bytes, buffer.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw unavailable("the bare guest is gone");
      bytes -= static_cast<std::uint64_t>(n);
    }
  }

 private:
  UniqueFd port_;
  UniqueFd console_;
  std::optional<ChildProcess> vmm_;
};

double echo_rate(BenchStack& stack) {
  BareGuest guest(stack);
  guest.put("e");
  const std::string piece(64U << 10U, 'x');
  double best = 0;
  for (int round = 0; round < kLinkRounds; ++round) {
    const double took = milliseconds_of([&] {
      const std::jthread writer([&] {
        for (std::uint64_t sent = 0; sent < kPortBytes; sent += piece.size()) guest.put(piece);
      });
      guest.take(kPortBytes);
    });
    best = std::max(best, megabytes_per_second(kPortBytes, took));
  }
  return best;
}

double sent_rate(BenchStack& stack) {
  BareGuest guest(stack);
  guest.put("s");
  double best = 0;
  for (int round = 0; round < kLinkRounds; ++round) {
    const double took = milliseconds_of([&] { guest.take(kPortBytes); });
    best = std::max(best, megabytes_per_second(kPortBytes, took));
  }
  return best;
}

}  // namespace

double megabytes_per_second(std::uint64_t bytes, double milliseconds) {
  return static_cast<double>(bytes) / 1000 / milliseconds;
}

double raw_link_rate(BenchStack& stack, const std::string& vm_id) {
  const MachinePaths paths(stack.paths(), vm_id);
  const Work work{Clock::now() + std::chrono::minutes(5)};
  auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, work);
  constexpr std::uint64_t kPiece = 4U << 20U;
  constexpr int kPieces = 25;
  agent.call(
      api::agent::StartJob{.job_id = "raw", .command = fmt::format("head -c {} /dev/zero", kPiece)},
      work);
  const auto read_all = [&] {
    std::uint64_t bytes = 0;
    agent.follow(
        api::agent::FollowJob{.job_id = "raw"},
        [&bytes](const link::OutputPiece& piece) { bytes += piece.data.size(); }, work);
    if (bytes != kPiece) throw unavailable("a piece was cut short");
  };
  read_all();  // to the job's end
  double best = 0;
  for (int round = 0; round < kLinkRounds; ++round) {
    const double took = milliseconds_of([&] {
      for (int i = 0; i < kPieces; ++i) read_all();
    });
    best = std::max(best, megabytes_per_second(kPiece * kPieces, took));
  }
  agent.call(api::agent::ForgetJob{.job_id = "raw"}, work);
  return best;
}

namespace {

PortRate measure_port(BenchStack& stack) {
  return {.echo = echo_rate(stack), .sent = sent_rate(stack)};
}

void measure_transfers(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const TemporaryDirectory work("/tmp", "pyro-bench-transfer");
  const std::filesystem::path file = work.path() / "in/file";
  std::filesystem::create_directory(file.parent_path());
  constexpr std::uint64_t kBytes = 200'000'000;
  {
    std::ofstream out(file, std::ios::binary);
    const Tree block(1, 1'000'000);
    std::ifstream in(block.path() / "d000/f00000", std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    for (std::uint64_t at = 0; at < kBytes; at += content.size()) out << content;
  }
  const std::string id = workspaces.create();
  const PortRate port = measure_port(stack);
  const double raw = raw_link_rate(stack, workspaces.machine_of(id));
  add("bare port, echo", port.echo, "MB/s", "each way; the floor: a guest with nothing else");
  add("bare port, guest to host", port.sent, "MB/s", "");
  add("link, raw", raw, "MB/s",
      fmt::format(
          "guest to host, as the output of a job, no file; {:.2f} of the echo, at least 0.6",
          raw / port.echo));
  // Twice: a restored guest takes memory that it has not used before page by page from the host.
  const std::string write = "dd if=/dev/zero of=written bs=1M count=200 conv=fsync; rm written";
  workspaces.exec(id, write);
  const double written =
      megabytes_per_second(200U << 20U, milliseconds_of([&] { workspaces.exec(id, write); }));
  add("written in the guest", written, "MB/s", "200 MB by dd, with an fsync: the floor of a push");
  const double push =
      megabytes_per_second(kBytes, milliseconds_of([&] {
                             workspaces.call(api::PushSync{
                                 .workspace_id = id, .source_path = file.parent_path().string()});
                           }));
  add("sync push, 200 MB", push, "MB/s",
      fmt::format("{:.2f} of the link's rate, at least 0.7; {:.2f} of what the guest writes",
                  push / raw, push / written));
  const double out = megabytes_per_second(
      kBytes, milliseconds_of([&] {
        workspaces.call(api::ExportPath{
            .workspace_id = id, .path = "file", .output_path = (work.path() / "out").string()});
      }));
  add("export, 200 MB", out, "MB/s",
      fmt::format("{:.2f} of the link's rate, at least 0.9", out / raw));
  workspaces.remove(id);
}

}  // namespace

Part measure_link() {
  Part part{.title = "the link, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  BenchStack stack(BenchStack::Variables{});
  stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
  measure_transfers(stack, adder_to(part));
  return part;
}

}  // namespace pyro::bench
