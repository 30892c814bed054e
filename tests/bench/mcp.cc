#include "tests/bench/mcp.h"

#include <fmt/core.h>
#include <signal.h>

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/process/pidfd.h"
#include "tests/bench/bench_stack.h"
#include "tests/support/mcp_process.h"

namespace pyro::bench {
namespace {

using testing::Json;
using testing::McpProcess;

constexpr int kServerStarts = 21;
constexpr int kServerEnds = 21;
constexpr int kToolCalls = 2000;
/// Rounds alternate between the two, so that a busy moment of the host hits both.
constexpr int kToolRounds = 20;
constexpr int kToolsAtOnce = 4;

Json modern(Json params = Json::object()) {
  params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                     {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
  return params;
}

/// A whole start to the answered tools/list, which is the very first message.
double start_to_tools() {
  return milliseconds_of([] {
    McpProcess server;
    const Json reply = server.answer(server.request("tools/list", modern()));
    if (reply.at("result").at("tools").size() < 10) throw internal_error("tools are missing");
  });
}

/// What takes a server longest without a word of its tools.
void send_batch(McpProcess& server) {
  server.initialize("2025-03-26");
  const Json batch(1000, Json{{"jsonrpc", "2.0"}, {"id", 0}, {"method", "tools/list"}});
  server.send_line(batch.dump());
}

/// Starts so many servers, has each do something and ends it: how long each took to be gone.
std::vector<double> times_to_end(const std::function<void(McpProcess&)>& begin,
                                 const std::function<void(McpProcess&)>& end) {
  std::vector<double> times;
  for (int i = 0; i < kServerEnds; ++i) {
    McpProcess server;
    server.initialize();
    begin(server);
    times.push_back(milliseconds_of([&] {
      end(server);
      if (!server.wait()) throw internal_error("the server did not end");
    }));
  }
  return times;
}

double pss_mib(const McpProcess& server) {
  return static_cast<double>(pss_bytes(server.pid()).value_or(0)) / (1U << 20U);
}

double rate(int calls, double milliseconds) { return calls * 1000.0 / milliseconds; }

double tool_calls_each_second(McpProcess& server, const Json& arguments) {
  return rate(kToolCalls, milliseconds_of([&] {
                std::deque<int> open;
                for (int i = 0; i < kToolCalls; ++i) {
                  open.push_back(server.begin("workspace_status", arguments));
                  if (open.size() < kToolsAtOnce) continue;
                  server.answer(open.front());
                  open.pop_front();
                }
                for (const int id : open) server.answer(id);
              }));
}

template <class Call>
double bus_calls_each_second(const Call& call) {
  return rate(kToolCalls, milliseconds_of([&call] {
                std::vector<std::jthread> threads;
                for (int i = 0; i < kToolsAtOnce; ++i) {
                  threads.emplace_back([&call] {
                    for (int n = 0; n < kToolCalls / kToolsAtOnce; ++n) call();
                  });
                }
              }));
}

}  // namespace

Part measure_mcp() {
  BenchStack stack({});
  Part part{.title = "MCP: pyro mcp serve, beside the same call on the bus", .figures = {}};
  const auto add = [&part](std::string name, double value, std::string unit, std::string beside) {
    part.figures.push_back({std::move(name), value, std::move(unit), std::move(beside)});
  };

  std::vector<double> starts;
  for (int i = 0; i < kServerStarts; ++i) starts.push_back(start_to_tools());
  const double version = median_of(kServerStarts, [] {
    run_checked({.argv = {find_helper("pyro").string(), "--version"}},
                Clock::now() + std::chrono::seconds(10), {});
  });
  add("start to tools/list", percentile(starts, 0.5), "ms",
      fmt::format("target under 50; pyro --version {:.1f} ms", version));

  const auto made =
      stack.client().call(api::CreateWorkspace{.environment = kEnvironment}, BenchStack::patient());
  const api::WorkspaceStatus request{.workspace_id = made.workspace_id};
  const Json arguments = {{"workspace_id", made.workspace_id}};
  McpProcess server;
  server.initialize();
  const double idle = pss_mib(server);
  const auto tool_call = [&] { server.call("workspace_status", arguments); };
  const auto bus_call = [&] { stack.client().call(request, BenchStack::patient()); };
  std::vector<double> tools;
  std::vector<double> calls;
  for (int round = 0; round < kToolRounds; ++round) {
    for (int i = 0; i < kToolCalls / kToolRounds; ++i) tools.push_back(milliseconds_of(tool_call));
    for (int i = 0; i < kToolCalls / kToolRounds; ++i) calls.push_back(milliseconds_of(bus_call));
  }
  const double tool_p50 = percentile(tools, 0.5);
  const double call_p50 = percentile(calls, 0.5);
  add("workspace_status, p50", tool_p50, "ms",
      fmt::format("on the bus {:.2f} ms; {:.2f} ms added, at most 1", call_p50,
                  tool_p50 - call_p50));
  add("workspace_status, p99", percentile(tools, 0.99), "ms",
      fmt::format("on the bus {:.2f} ms", percentile(calls, 0.99)));
  add(fmt::format("calls/s, {} at once", kToolsAtOnce), tool_calls_each_second(server, arguments),
      "1/s", fmt::format("on the bus {:.0f}", bus_calls_each_second(bus_call)));
  add("idle server, PSS", idle, "MiB", "before its first call; target under 15");
  add("server after the calls, PSS", pss_mib(server), "MiB", "");

  const auto call_until_it_runs = [&](McpProcess& one) {
    one.begin("workspace_exec",
              {{"workspace_id", made.workspace_id}, {"command", "touch begun; sleep 1"}});
    stack.client().call(
        api::ExecWorkspace{.workspace_id = made.workspace_id,
                           .command = "until [ -e begun ]; do sleep 0.01; done; rm begun"},
        BenchStack::patient());
  };
  const auto close_input = [](McpProcess& one) { one.close_input(); };
  const auto terminate = [](const McpProcess& one) { one.signal(SIGTERM); };
  const auto add_end = [&add](std::string name, std::vector<double> times) {
    add(std::move(name), percentile(times, 0.5), "ms",
        fmt::format("max {:.1f} ms, at most 100", percentile(times, 1)));
  };
  add_end("end of input to exit, p50", times_to_end([](McpProcess&) {}, close_input));
  add_end("SIGTERM to exit, p50", times_to_end([](McpProcess&) {}, terminate));
  add_end("amid a batch: SIGTERM", times_to_end(send_batch, terminate));
  add_end("amid a call: end of input", times_to_end(call_until_it_runs, close_input));
  add_end("amid a call: SIGTERM", times_to_end(call_until_it_runs, terminate));
  stack.client().call(api::DeleteWorkspace{.workspace_id = made.workspace_id},
                      BenchStack::patient());
  return part;
}

}  // namespace pyro::bench
