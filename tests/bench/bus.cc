#include "tests/bench/bus.h"

#include <fcntl.h>
#include <sched.h>

#include <thread>
#include <zmq.hpp>

#include "common/api/message_table.h"
#include "common/bus/client.h"
#include "common/bus/envelope.h"
#include "common/bus/server.h"
#include "common/process/child_process.h"
#include "common/service/service_host.h"

namespace pyro::bench {
namespace {

constexpr int kWarmUp = 500;
constexpr int kCalls = 10000;
constexpr int kCallers = 4;
/// Rounds alternate between the two, so that a busy moment of the host hits both.
constexpr int kRounds = 50;

struct Empty {
  static constexpr api::Method kMethod{"bench.empty", api::Idempotent::kYes};
  using Reply = api::Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

/// Where both ends of a measurement run. Left to itself the kernel moves them about, and a bare
/// echo is three times as fast on one core as across two.
struct Placement {
  std::string_view name;
  int client;
  int server;
};

std::vector<Placement> placements() {
  std::vector<Placement> all{{"one core", 0, 0}};
  if (std::thread::hardware_concurrency() > 1) all.push_back({"two cores", 0, 1});
  return all;
}

/// The calling thread, and those that it starts from then on.
void stay_on(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0) throw system_error("sched_setaffinity");
}

/// A server in a process of its own, ready when the constructor returns.
class ServerProcess {
 public:
  ServerProcess(std::string role, const std::string& socket, int core)
      : ServerProcess(std::move(role), socket, core, make_pipe()) {}

 private:
  static std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
  ServerProcess(std::string role, const std::string& socket, int core,
                std::pair<UniqueFd, UniqueFd> ready)
      : child_({.argv = {"/proc/self/exe", "--serve-bus", std::move(role), "--serve-bus", socket,
                         "--serve-bus", std::to_string(core)},
                .descriptors = {{1, ready.second.get()}, {2, 2}}}) {
    ready.second.reset();
    char byte = 0;
    if (::read(ready.first.get(), &byte, 1) != 1) throw internal_error("the server did not start");
  }
  ChildProcess child_;
};

void say_ready() { write_all(1, "1"); }

class BareCaller {
 public:
  BareCaller(bus::Context& context, const std::string& socket)
      : socket_(context.zmq(), zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect("ipc://" + socket);
  }
  void call() {
    socket_.send(zmq::buffer(payload_), zmq::send_flags::none);
    static_cast<void>(socket_.recv(answer_));
  }

 private:
  /// The bytes that an empty call sends.
  std::string payload_ = api::to_msgpack(bus::Envelope{.kind = bus::Kind::kCall,
                                                       .id = 1000,
                                                       .method = std::string(Empty::kMethod.name),
                                                       .deadline_ms = 30000,
                                                       .trace_id = "0123abcd",
                                                       .params = {api::to_msgpack(Empty{})}});
  zmq::socket_t socket_;
  zmq::message_t answer_;
};

template <class Call>
void sample(std::vector<double>& into, int calls, Call&& call) {
  for (int i = 0; i < calls; ++i) {
    const auto start = Clock::now();
    call();
    into.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
}

/// Calls a second of `kCallers` threads, each with what `make_caller` gives it.
template <class MakeCaller>
double throughput(MakeCaller&& make_caller) {
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCallers; ++i) {
      threads.emplace_back([&make_caller] {
        auto call = make_caller();
        for (int n = 0; n < kCalls / kCallers; ++n) call();
      });
    }
  }
  return kCalls / std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int serve_bus(const std::string& role, const std::string& socket, int core) {
  stay_on(core);
  const UniqueFd signals = block_termination_signals();
  bus::Context context;
  if (role == "call") {
    bus::Server server(context, {.service = "bench", .socket = socket});
    server.add<Empty>([](const Empty&, bus::Call&) { return api::Nothing{}; });
    say_ready();
    server.run(signals.get());
    return 0;
  }
  zmq::socket_t router(context.zmq(), zmq::socket_type::router);
  router.bind("ipc://" + socket);
  say_ready();
  zmq::message_t peer, body;
  while (router.recv(peer) && router.recv(body)) {
    router.send(peer, zmq::send_flags::sndmore);
    router.send(body, zmq::send_flags::none);
  }
  return 0;
}

namespace {

using Add = std::function<void(std::string, double value, double floor, std::string unit,
                               std::string_view target)>;

void measure_placed(const Placement& placement, const Add& add) {
  const TemporaryDirectory dir(std::filesystem::temp_directory_path(), "pyro-bench");
  const std::string call_socket = dir.path() / "call.sock";
  const std::string echo_socket = dir.path() / "echo.sock";
  const ServerProcess call_server("call", call_socket, placement.server);
  const ServerProcess echo_server("echo", echo_socket, placement.server);
  stay_on(placement.client);
  bus::Context context;
  bus::Client client(context, "bench", call_socket);
  BareCaller bare(context, echo_socket);

  const auto call = [&client] { client.call(Empty{}); };
  const auto echo = [&bare] { bare.call(); };
  std::vector<double> calls, echoes, warm_up;
  sample(warm_up, kWarmUp, call);
  sample(warm_up, kWarmUp, echo);
  for (int round = 0; round < kRounds; ++round) {
    sample(calls, kCalls / kRounds, call);
    sample(echoes, kCalls / kRounds, echo);
  }
  const double calls_each_second = throughput([&call] { return call; });
  const double echoes_each_second = throughput([&] {
    return [caller = std::make_shared<BareCaller>(context, echo_socket)] { caller->call(); };
  });
  add("call, p50", percentile(calls, 0.50), percentile(echoes, 0.50), "us", ", target at most 2");
  add("call, p99", percentile(calls, 0.99), percentile(echoes, 0.99), "us", "");
  add(fmt::format("calls/s, {} callers", kCallers), calls_each_second, echoes_each_second, "1/s",
      "");
}

}  // namespace

Part measure_bus() {
  Part part{.title = "Bus: an empty call through the worker pool, beside a bare ROUTER's echo",
            .figures = {}};
  for (const auto& placement : placements()) {
    // In a thread, so that what follows may run anywhere again.
    std::jthread([&] {
      measure_placed(placement, [&](std::string name, double value, double floor,
                                    const std::string& unit, std::string_view target) {
        part.figures.push_back(
            {fmt::format("{}, {}", name, placement.name), value, unit,
             fmt::format("bare {:.1f} {}; {:.2f} times it{}", floor, unit, value / floor, target)});
      });
    });
  }
  return part;
}

}  // namespace pyro::bench
