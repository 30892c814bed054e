#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// Operations on the stack of services, and operations that every service answers. Owner:
/// supervisor.
namespace pyro::api {

/// A sign of life from a service, answered without a worker thread.
struct Pong {
  std::string service;
  std::string version;
  std::uint32_t pid = 0;
  std::uint32_t open_calls = 0;
  std::uint64_t idle_ms = 0;
  std::uint32_t holds = 0;
  std::uint32_t running = 0;
  std::uint32_t standby = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("service", &Pong::service, "Name of the service.");
    f("version", &Pong::version, "Version of its program.");
    f("pid", &Pong::pid, "Its process.");
    f("open_calls", &Pong::open_calls, "Calls it is working on.");
    f("idle_ms", &Pong::idle_ms, "Milliseconds since the last call other than ping.");
    f("holds", &Pong::holds,
      "Things it keeps alive, as machines; the stack runs while there is one.");
    f("running", &Pong::running, "Those of them that are work under way, as started machines.");
    f("standby", &Pong::standby, "Machines it keeps restored and paused for the next caller.");
  }
};

struct Ping {
  static constexpr Method kMethod{"ping", Idempotent::kYes};
  using Reply = Pong;

  template <class Fields>
  static void describe(Fields&) {}
};

/// The stack is about to end: the service ends everything that would outlive its process, such as
/// machines. Every service answers it.
struct Quiesce {
  static constexpr Method kMethod{"quiesce", Idempotent::kYes};
  using Reply = Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

enum class ServiceState { kStarting, kRunning, kBackoff, kFailed, kStopped };
constexpr std::array<std::pair<ServiceState, std::string_view>, 5> enum_names(ServiceState) {
  return {{{ServiceState::kStarting, "starting"},
           {ServiceState::kRunning, "running"},
           {ServiceState::kBackoff, "backoff"},
           {ServiceState::kFailed, "failed"},
           {ServiceState::kStopped, "stopped"}}};
}

struct ServiceStatus {
  std::string name;
  ServiceState state = ServiceState::kStopped;
  std::optional<std::uint32_t> pid;
  std::uint32_t restarts = 0;
  std::optional<double> started_at;
  std::optional<std::uint64_t> pss_bytes;
  std::optional<std::uint32_t> standby_machines;
  std::optional<std::string> last_error;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &ServiceStatus::name, "Name of the service.");
    f("state", &ServiceStatus::state, "starting, running, backoff, failed or stopped.");
    f("pid", &ServiceStatus::pid, "Its process, when it runs.");
    f("restarts", &ServiceStatus::restarts, "How often it was restarted by this supervisor.");
    f("started_at", &ServiceStatus::started_at, "Seconds since the epoch.");
    f("pss_bytes", &ServiceStatus::pss_bytes, "Its proportional share of memory.");
    f("standby_machines", &ServiceStatus::standby_machines,
      "Machines it keeps restored and paused for the next caller.");
    f("last_error", &ServiceStatus::last_error, "Why it ended last.");
  }
};

struct Stack {
  bool running = false;
  bool stopping = false;
  std::string version;
  std::string state_dir;
  std::string runtime_dir;
  std::optional<std::uint32_t> pid;
  std::optional<double> started_at;
  std::optional<std::uint64_t> pss_bytes;
  std::vector<ServiceStatus> services;

  template <class Fields>
  static void describe(Fields& f) {
    f("running", &Stack::running, "Whether a supervisor runs for this state directory.");
    f("stopping", &Stack::stopping, "It is about to end.");
    f("version", &Stack::version, "Version of the suite.");
    f("state_dir", &Stack::state_dir, "State directory.");
    f("runtime_dir", &Stack::runtime_dir, "Directory of its sockets.");
    f("pid", &Stack::pid, "The supervisor's process.");
    f("started_at", &Stack::started_at, "Seconds since the epoch.");
    f("pss_bytes", &Stack::pss_bytes, "The supervisor's proportional share of memory.");
    f("services", &Stack::services, "Its services in the order of their start.");
  }
};

/// The state of the stack.
struct StackStatus {
  static constexpr Method kMethod{"stack.status", Idempotent::kYes};
  using Reply = Stack;
  std::uint64_t wait_ms = 0;
  bool measure = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("wait_ms", &StackStatus::wait_ms,
      "Answer once every service runs or has failed, after this time at the latest.");
    f("measure", &StackStatus::measure,
      "Also ask how much memory each process has, and for standby machines.");
  }
};

/// Quiesces the services, ends them in reverse order, then the supervisor itself.
struct StackDown {
  static constexpr Method kMethod{"stack.down", Idempotent::kYes};
  using Reply = Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

using StackApi = Api<StackStatus, StackDown>;

}  // namespace pyro::api
