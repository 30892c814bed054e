#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/command_line/parse.h"
#include "tests/bench/bus.h"
#include "tests/bench/disk.h"
#include "tests/bench/gate.h"
#include "tests/bench/large_tree.h"
#include "tests/bench/link.h"
#include "tests/bench/machine.h"
#include "tests/bench/mcp.h"
#include "tests/bench/network.h"
#include "tests/bench/packages.h"
#include "tests/bench/secrets.h"
#include "tests/bench/shells.h"
#include "tests/bench/warm.h"
#include "tests/bench/workspace.h"

namespace pyro::bench {

double percentile(std::vector<double>& samples, double share) {
  std::sort(samples.begin(), samples.end());
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples.size()));
  return samples.at(std::min(rank, samples.size() - 1));
}

namespace {

std::string machine() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{} {}, {} cores", name.sysname, name.release,
                     ::sysconf(_SC_NPROCESSORS_ONLN));
}

void print_table(const std::vector<Part>& parts) {
  fmt::print("{}\n", machine());
  for (const auto& part : parts) {
    fmt::print("\n{}\n", part.title);
    for (const auto& figure : part.figures) {
      fmt::print("  {:<24} {:>10.1f} {:<4} {}\n", figure.name, figure.value, figure.unit,
                 figure.beside);
    }
  }
}

void print_json(const std::vector<Part>& parts) {
  api::Json document = {{"machine", machine()},
                        {"version", PYRO_VERSION},
                        {"time", now_epoch_seconds()},
                        {"parts", api::Json::array()}};
  for (const auto& part : parts) {
    api::Json figures = api::Json::array();
    for (const auto& figure : part.figures) {
      figures.push_back({{"name", figure.name},
                         {"value", figure.value},
                         {"unit", figure.unit},
                         {"beside", figure.beside}});
    }
    document["parts"].push_back({{"title", part.title}, {"figures", std::move(figures)}});
  }
  fmt::print("{}\n", document.dump(2));
}

/// A new part has a name here and a pair of files beside this one.
const std::vector<std::pair<std::string, Part (*)()>> kParts = {
    {"bus", measure_bus},          {"machine", measure_machine},
    {"warm", measure_warm},        {"workspace", measure_workspace},
    {"link", measure_link},        {"trees", measure_large_trees},
    {"disk", measure_disk},        {"shells", measure_shells},
    {"secrets", measure_secrets},  {"mcp", measure_mcp},
    {"gate", measure_gate},        {"network", measure_network},
    {"packages", measure_packages}};

int measure(const std::vector<std::string>& chosen, bool json) {
  std::vector<Part> measured;
  for (const auto& [name, measure] : kParts) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name) == chosen.end()) continue;
    measured.push_back(measure());
  }
  if (json) {
    print_json(measured);
  } else {
    print_table(measured);
  }
  return 0;
}

int run(int argc, char** argv) {
  CliCommand command("pyro-bench", "Measures pyro on this machine, each figure beside its floor.");
  bool json = false;
  std::vector<std::string> chosen;
  std::vector<std::string> serve;
  command.add_flag("--json", "One JSON document instead of a table", json);
  command.add(
      {.name = "parts",
       .help = "Which parts; all of them when none is named: bus, machine, warm, workspace, "
               "link, trees, disk, shells, secrets, mcp, gate, network"},
      chosen);
  command.add({.name = "--serve-bus", .help = "A role, a socket, a core", .hidden = true}, serve);
  command.action = [&] {
    return serve.empty() ? measure(chosen, json)
                         : serve_bus(serve.at(0), serve.at(1), std::stoi(serve.at(2)));
  };
  return run_program(command, argc, argv);
}

}  // namespace
}  // namespace pyro::bench

int main(int argc, char** argv) {
  try {
    return pyro::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
