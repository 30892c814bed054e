#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/workspace.h"

/// Services of a workspace: named long jobs that are started, probed and watched. Owner: workspace
/// service.
namespace pyro::api {

enum class WorkspaceServiceState { kRunning, kStopped, kExited, kFailed };
constexpr std::array<std::pair<WorkspaceServiceState, std::string_view>, 4> enum_names(
    WorkspaceServiceState) {
  return {{{WorkspaceServiceState::kRunning, "running"},
           {WorkspaceServiceState::kStopped, "stopped"},
           {WorkspaceServiceState::kExited, "exited"},
           {WorkspaceServiceState::kFailed, "failed"}}};
}

/// Why a service is stopped.
enum class StopReason { kSigterm, kSigkill, kWorkspaceStopped, kGuestGone };
constexpr std::array<std::pair<StopReason, std::string_view>, 4> enum_names(StopReason) {
  return {{{StopReason::kSigterm, "sigterm"},
           {StopReason::kSigkill, "sigkill"},
           {StopReason::kWorkspaceStopped, "workspace_stopped"},
           {StopReason::kGuestGone, "guest_gone"}}};
}

enum class ReadinessType { kFile, kTcp, kHttp, kCommand };
constexpr std::array<std::pair<ReadinessType, std::string_view>, 4> enum_names(ReadinessType) {
  return {{{ReadinessType::kFile, "file"},
           {ReadinessType::kTcp, "tcp"},
           {ReadinessType::kHttp, "http"},
           {ReadinessType::kCommand, "command"}}};
}

/// When a service counts as ready: one of the targets, as `type` says.
struct Readiness {
  ReadinessType type = ReadinessType::kFile;
  std::optional<std::string> path;
  std::optional<std::string> address;
  std::optional<std::string> url;
  std::optional<std::string> command;

  template <class Fields>
  static void describe(Fields& f) {
    f("type", &Readiness::type, "file, tcp, http or command.");
    f("path", &Readiness::path, "The file that is to exist.", kAbsentWhenNull);
    f("address", &Readiness::address, "HOST:PORT that is to take connections.", kAbsentWhenNull);
    f("url", &Readiness::url, "URL that is to answer 2xx or 3xx.", kAbsentWhenNull);
    f("command", &Readiness::command, "Command that is to exit with 0.", kAbsentWhenNull);
  }
};

/// A port of the guest, as one wants it published.
struct PortToPublish {
  std::uint32_t guest_port = 0;
  std::optional<std::uint32_t> host_port;

  template <class Fields>
  static void describe(Fields& f) {
    f("guest_port", &PortToPublish::guest_port, "Port in the guest.", kRequired, range(1, 65535));
    f("host_port", &PortToPublish::host_port, "Port on 127.0.0.1 of the host; null: any.",
      range(1024, 65535));
  }
};

struct PublishedPort {
  std::uint32_t guest_port = 0;
  std::uint32_t host_port = 0;
  std::string host = "127.0.0.1";
  std::string protocol = "tcp";

  template <class Fields>
  static void describe(Fields& f) {
    f("guest_port", &PublishedPort::guest_port, "Port in the guest.");
    f("host_port", &PublishedPort::host_port, "Port on the host.");
    f("host", &PublishedPort::host, "Where the host listens.");
    f("protocol", &PublishedPort::protocol, "tcp.");
  }
};

struct Service {
  std::string service_name;
  WorkspaceServiceState state = WorkspaceServiceState::kRunning;
  std::string command;
  std::string cwd;
  double started_at = 0;
  std::optional<double> ready_at;
  std::optional<double> ended_at;
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> pid;
  std::optional<Readiness> readiness;
  std::optional<StopReason> stop_reason;
  std::optional<std::string> failure;
  std::vector<PublishedPort> published_ports;
  ExecutionMode execution_mode = ExecutionMode::kPending;

  template <class Fields>
  static void describe(Fields& f) {
    f("service_name", &Service::service_name, "Its name.");
    f("state", &Service::state, "running, stopped, exited or failed.");
    f("command", &Service::command, "What it runs.");
    f("cwd", &Service::cwd, "Where it started.");
    f("started_at", &Service::started_at, "Seconds since the epoch.");
    f("ready_at", &Service::ready_at, "When it was found ready; null: not yet, or never.");
    f("ended_at", &Service::ended_at, "When it ended.");
    f("exit_code", &Service::exit_code, "Exit status, once it ended; 128 + n after signal n.");
    f("pid", &Service::pid, "Its process in the guest, while it runs.");
    f("readiness", &Service::readiness, "What counts as ready.");
    f("stop_reason", &Service::stop_reason,
      "sigterm, sigkill, workspace_stopped or guest_gone, once it is stopped.");
    f("failure", &Service::failure, "Why it failed before it was ready, and what it printed last.",
      kAbsentWhenNull);
    f("published_ports", &Service::published_ports, "Its ports on the host.");
    f("execution_mode", &Service::execution_mode, "How it was reached.");
  }
};

struct ServiceReply : WorkspaceReply, Service {
  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    Service::describe(f);
  }
};

template <class Request, class Fields>
void describe_service_name(Fields& f) {
  f("service_name", &Request::service_name,
    "Name of the service: letters, digits, '.', '_' and '-', at most 64.", kRequired, kPositional,
    max_length(64));
}

/// Starts a command that keeps running, and answers once it is ready, or has failed to become it,
/// of which nothing is left then but its record. Without a ready_… it is ready at once.
/// failed_precondition: one of that name runs.
struct StartService {
  static constexpr Method kMethod{"workspace.service_start"};
  using Reply = ServiceReply;
  std::string workspace_id;
  std::string service_name;
  std::string command;
  std::optional<std::string> cwd;
  std::optional<std::string> ready_file;
  std::optional<std::string> ready_tcp;
  std::optional<std::string> ready_http;
  std::optional<std::string> ready_command;
  std::uint32_t ready_timeout_seconds = 30;
  std::uint32_t ready_interval_ms = 500;
  std::map<std::string, std::string> secret_env;
  std::vector<PortToPublish> published_ports;
  bool guests_only = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<StartService>(f);
    describe_service_name<StartService>(f);
    f("command", &StartService::command, "Shell command that keeps running in the foreground.",
      kRequired, max_length(65536));
    f("cwd", &StartService::cwd, "Where it starts; default /workspace.", max_length(4096));
    f("ready_file", &StartService::ready_file, "Ready once this path under /workspace exists.",
      max_length(4096));
    f("ready_tcp", &StartService::ready_tcp,
      "Ready once this HOST:PORT of the guest takes connections; localhost is 127.0.0.1 and ::1.",
      max_length(300));
    f("ready_http", &StartService::ready_http,
      "Ready once this http:// URL in the guest answers 2xx or 3xx.", max_length(2048));
    f("ready_command", &StartService::ready_command, "Ready once this command exits with 0.",
      max_length(65536));
    f("ready_timeout_seconds", &StartService::ready_timeout_seconds,
      "Not ready by then it has failed, and is ended.", kPositive, range(1, 604800));
    f("ready_interval_ms", &StartService::ready_interval_ms,
      "Milliseconds between two requests or commands that ask.", kPositive);
    describe_secret_env<StartService>(f);
    f("published_ports", &StartService::published_ports,
      "Ports of the guest to publish on the host; needs network_policy egress+published-ports.",
      max_length(64));
    f("guests_only", &StartService::guests_only, "Refuse a workspace that runs on the host.",
      kHidden);
  }
};

struct ServiceList : WorkspaceReply {
  std::uint32_t count = 0;
  std::uint32_t running_count = 0;
  std::vector<Service> services;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("count", &ServiceList::count, "How many.");
    f("running_count", &ServiceList::running_count, "How many of them run.");
    f("services", &ServiceList::services, "By name.");
  }
};

struct ListServices {
  static constexpr Method kMethod{"workspace.service_list", Idempotent::kYes};
  using Reply = ServiceList;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListServices>(f);
  }
};

struct WorkspaceServiceStatus {
  static constexpr Method kMethod{"workspace.service_status", Idempotent::kYes};
  using Reply = ServiceReply;
  std::string workspace_id;
  std::string service_name;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<WorkspaceServiceStatus>(f);
    describe_service_name<WorkspaceServiceStatus>(f);
  }
};

/// TERM to all of its processes, and KILL after 5 s. One that does not run is left as it is.
struct StopService {
  static constexpr Method kMethod{"workspace.service_stop", Idempotent::kYes};
  using Reply = ServiceReply;
  std::string workspace_id;
  std::string service_name;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<StopService>(f);
    describe_service_name<StopService>(f);
  }
};

struct ServiceLog : WorkspaceReply {
  std::string service_name;
  WorkspaceServiceState state = WorkspaceServiceState::kRunning;
  std::string stdout_text;
  std::string stderr_text;
  std::optional<std::uint32_t> tail_lines;
  bool truncated = false;
  std::uint64_t stdout_offset = 0;
  std::uint64_t stderr_offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("service_name", &ServiceLog::service_name, "The service.");
    f("state", &ServiceLog::state, "running, stopped, exited or failed.");
    f("stdout", &ServiceLog::stdout_text, "What it printed.");
    f("stderr", &ServiceLog::stderr_text, "The same of standard error.");
    f("tail_lines", &ServiceLog::tail_lines, "How many lines of each at most; null: all kept.");
    f("truncated", &ServiceLog::truncated, "Whether earlier output is left out.");
    f("stdout_offset", &ServiceLog::stdout_offset, "Where stdout ends, to go on from.", kHidden);
    f("stderr_offset", &ServiceLog::stderr_offset, "Where stderr ends, to go on from.", kHidden);
  }
};

/// The end of what a service printed, or all that is kept of it, the last 16 MiB of each stream. Of
/// one whose guest is gone, the last 256 KiB.
struct ServiceLogs {
  static constexpr Method kMethod{"workspace.service_logs", Idempotent::kYes};
  using Reply = ServiceLog;
  std::string workspace_id;
  std::string service_name;
  std::uint32_t tail_lines = 200;
  bool all = false;
  std::optional<std::uint64_t> stdout_offset;
  std::optional<std::uint64_t> stderr_offset;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ServiceLogs>(f);
    describe_service_name<ServiceLogs>(f);
    f("tail_lines", &ServiceLogs::tail_lines, "At most so many last lines of each stream.",
      kPositive);
    f("all", &ServiceLogs::all, "All that is kept, rather than the last lines.");
    f("stdout_offset", &ServiceLogs::stdout_offset, "What follows this place, for a follower.",
      kHidden);
    f("stderr_offset", &ServiceLogs::stderr_offset, "The same of standard error.", kHidden);
  }
};

using ServicesApi =
    Api<StartService, ListServices, WorkspaceServiceStatus, StopService, ServiceLogs>;

}  // namespace pyro::api
