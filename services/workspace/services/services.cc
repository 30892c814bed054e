#include "services/workspace/services/services.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/log/log.h"
#include "services/workspace/names.h"
#include "services/workspace/work_directory.h"

namespace pyro::workspace {
namespace {

/// From TERM to KILL.
constexpr std::chrono::seconds kPatience{5};
/// The same where the machine goes with them.
constexpr std::chrono::seconds kPatienceOfStop{2};

std::string ready_file(const std::string& path, const std::string& directory) {
  const auto place = place_inside(path, directory);
  if (!place || *place == directory) {
    throw invalid_argument("ready_file '{}' must be a path under /workspace", printable(path));
  }
  return *place;
}

/// The one ready_… of the request, if it has any.
std::optional<api::Readiness> readiness_of(const api::StartService& request,
                                           const std::string& directory) {
  const int given = static_cast<int>(request.ready_file.has_value()) +
                    static_cast<int>(request.ready_tcp.has_value()) +
                    static_cast<int>(request.ready_http.has_value()) +
                    static_cast<int>(request.ready_command.has_value());
  if (given > 1) {
    throw invalid_argument(
        "at most one of ready_file, ready_tcp, ready_http and ready_command can be given");
  }
  using api::ReadinessType;
  if (request.ready_file) {
    return api::Readiness{.type = ReadinessType::kFile,
                          .path = ready_file(*request.ready_file, directory)};
  }
  if (request.ready_tcp)
    return api::Readiness{.type = ReadinessType::kTcp, .address = request.ready_tcp};
  if (request.ready_http)
    return api::Readiness{.type = ReadinessType::kHttp, .url = request.ready_http};
  if (request.ready_command)
    return api::Readiness{.type = ReadinessType::kCommand, .command = request.ready_command};
  return std::nullopt;
}

/// Of what a request names itself; the guest looks at the addresses.
void check_request(const api::StartService& request) {
  check_identifier("service_name", request.service_name);
}

/// Where that is not known, it may run.
bool runs_no_more(Machines& machines, const std::string& vm_id) {
  try {
    const Work work{.deadline = Clock::now() + kPatience};
    return machines.status(vm_id, work).state != api::MachineState::kStarted;
  } catch (const Error& error) {
    log::info("vm {}: {}", vm_id, error.message());
    return false;
  }
}

}  // namespace

Services::Services(Registry& registry, const Paths& paths, Workspaces& workspaces,
                   Machines& machines, ReviewLog& reviews, Secrets& secrets, Ports& ports)
    : workspaces_(workspaces),
      reviews_(reviews),
      secrets_(secrets),
      ports_(ports),
      table_(registry),
      logs_(paths, secrets),
      running_(paths, table_, logs_,
               {.recorded = [this](const ServiceRecord& now) { note(now); },
                .machine_is_gone =
                    [&machines](const std::string& vm_id) { return runs_no_more(machines, vm_id); },
                .done = [this] { workspaces_.expiry_changed(); }}) {
  workspaces_.add(*this);
  adopt();
}

void Services::adopt() {
  for (const auto& service : table_.running()) {
    const auto record = workspaces_.table().get(service.workspace_id);
    if (!record || record->session != service.session) continue;
    try {
      running_.adopt(service, {.vm_id = record->vm_id,
                               .variables = secrets_.variables(*record, service.secret_env),
                               .redactor = secrets_.redactor(*record)});
    } catch (const std::exception& error) {
      log::error("service {} of workspace {}: {}", service.service_name, service.workspace_id,
                 error.what());
    }
  }
}

/// Into the review log, what has become of a service.
void Services::note(const ServiceRecord& now) {
  const auto record = workspaces_.table().get(now.workspace_id);
  if (!record || record->session != now.session) return;
  if (!now.running()) ports_.withdraw(*record, now.service_name);
  if (now.running() && !now.ready_at) return;  // it was told to stop: its end is the event
  reviews_.add(*record, {.service_name = now.service_name,
                         .event = now.running() ? "ready" : std::string(api::name_of(now.state)),
                         .exit_code = now.running() ? std::nullopt : now.exit_code,
                         .recorded_at = now_epoch_seconds()});
}

std::vector<api::Service> Services::all(const WorkspaceRecord& record) const {
  std::vector<api::Service> services;
  for (const auto& service : table_.all(record)) services.push_back(service);
  return services;
}

void Services::describe(const WorkspaceRecord& record, api::Workspace& workspace) const {
  const auto services = table_.all(record);
  workspace.service_count = static_cast<std::uint32_t>(services.size());
  workspace.running_service_count = static_cast<std::uint32_t>(std::count_if(
      services.begin(), services.end(), [](const auto& service) { return service.running(); }));
}

std::optional<api::ConnectionMaker> Services::maker(const WorkspaceRecord& record,
                                                    const std::string& job_id) const {
  for (const auto& service : table_.all(record)) {
    if (service.job_id == job_id) return api::ConnectionMaker{.service_name = service.service_name};
  }
  return std::nullopt;
}

void Services::end_all(const WorkspaceRecord& record) {
  running_.stop_all(record, kPatienceOfStop);
}

void Services::collect_garbage(const WorkspaceRecord& record) {
  table_.forget_other_sessions(record);
  std::set<std::string> running;
  for (const auto& service : table_.all(record)) {
    if (service.running()) running.insert(service.service_name);
  }
  ports_.keep_only(record, running);
}

ServiceRecord Services::find(const WorkspaceRecord& record, const std::string& name) const {
  if (auto service = table_.find(record, name)) return *service;
  throw not_found(reason::kServiceMissing, "service '{}' does not exist in workspace '{}'",
                  printable(name), record.id());
}

api::ServiceReply Services::reply(const ServiceRecord& service) const {
  api::ServiceReply reply;
  static_cast<api::Service&>(reply) = service;
  return workspaces_.about(service.workspace_id, std::move(reply));
}

ServiceRecord Services::start(const Workspaces::Use& use, const api::StartService& request,
                              const bus::Call& call) {
  // The turn is for the start alone: a service that becomes ready holds up no other.
  const auto turn = use.turns().begin(call.stop());
  const auto started = workspaces_.require_started(request.workspace_id,
                                                   api::StartService::kMethod.name, call.work());
  if (request.guests_only && started.machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(
        reason::kHostNotAllowed,
        "workspace '{}' runs on the host itself (host_compat), where this caller may run nothing",
        request.workspace_id);
  }
  const std::string directory = work_directory(started.machine);
  ServiceRecord service;
  service.service_name = request.service_name;
  service.command = request.command;
  service.cwd = place_of(request.cwd.value_or(directory), directory);
  service.started_at = now_epoch_seconds();
  service.readiness = readiness_of(request, directory);
  service.execution_mode = started.machine.execution_mode;
  service.workspace_id = request.workspace_id;
  service.session = started.record.session;
  service.job_id = new_id();
  service.ready_timeout_seconds = request.ready_timeout_seconds;
  service.ready_interval_ms = request.ready_interval_ms;
  service.secret_env = request.secret_env;
  // Before it runs: from then on it is the service that holds off the expiry.
  workspaces_.table().touch(request.workspace_id);
  if (const auto before = table_.find(started.record, request.service_name)) {
    if (!before->running()) logs_.drop(*before);
  }
  turn->run([&] {
    const Work work = call.work().stopped_by(turn->stop());
    auto variables =
        secrets_.environment(started.record, started.machine, request.secret_env, work);
    variables.merge(work_environment(started.machine));
    service.published_ports =
        ports_.publish(started.record, request.service_name, request.published_ports, work);
    Cleanup withdraw([&] {
      if (!service.published_ports.empty()) {
        ports_.withdraw(started.record, request.service_name);
      }
    });
    running_.start(service,
                   {.vm_id = started.machine.vm_id,
                    .mem_mib = started.machine.mem_mib,
                    .variables = std::move(variables),
                    .redactor = secrets_.redactor(started.record)},
                   call, turn->stop());
    withdraw.dismiss();
  });
  return service;
}

api::ServiceReply Services::handle(const api::StartService& request, bus::Call& call) {
  check_request(request);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const ServiceRecord service = start(use, request, call);
  call.progress({.phase = "service", .message = "waiting until it is ready"});
  if (!running_.wait_until_settled(service.job_id, call.work())) {
    if (call.cancelled_by_caller()) {
      running_.stop(service, kPatience, std::nullopt);
      throw cancelled("the start was cancelled, and the service ended");
    }
    throw deadline_exceeded(reason::kStillRunning,
                            "service '{}' still starts: service_status tells how it stands",
                            request.service_name);
  }
  const auto now = table_.find(workspaces_.find(request.workspace_id), request.service_name);
  if (!now || now->job_id != service.job_id) {
    throw failed_precondition(reason::kOvertaken,
                              "service '{}' was ended while it started: workspace '{}' was reset, "
                              "or another one of that name was started",
                              request.service_name, request.workspace_id);
  }
  return reply(*now);
}

api::ServiceList Services::handle(const api::ListServices& request, bus::Call&) {
  api::ServiceList list{.services = all(workspaces_.find(request.workspace_id))};
  list.count = static_cast<std::uint32_t>(list.services.size());
  list.running_count = static_cast<std::uint32_t>(std::count_if(
      list.services.begin(), list.services.end(),
      [](const auto& service) { return service.state == api::WorkspaceServiceState::kRunning; }));
  return workspaces_.about(request.workspace_id, std::move(list));
}

api::ServiceReply Services::handle(const api::WorkspaceServiceStatus& request, bus::Call&) {
  return reply(find(workspaces_.find(request.workspace_id), request.service_name));
}

api::ServiceReply Services::handle(const api::StopService& request, bus::Call&) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const ServiceRecord service = find(workspaces_.find(request.workspace_id), request.service_name);
  if (service.running()) {
    running_.stop(service, kPatience, std::nullopt);
    workspaces_.table().touch(request.workspace_id);
  }
  return reply(find(workspaces_.find(request.workspace_id), request.service_name));
}

LogText Services::log_of(const ServiceRecord& service, const std::string& vm_id,
                         std::uint32_t stream, const api::ServiceLogs& request,
                         const bus::Call& call) const {
  const auto& offset = stream == 1 ? request.stdout_offset : request.stderr_offset;
  const std::uint32_t lines = request.all ? 0 : request.tail_lines;
  try {
    if (offset) return logs_.part_in_guest(service, vm_id, stream, *offset, call.work());
    return logs_.tail_in_guest(service, vm_id, stream, lines, call.work());
  } catch (const Error& error) {
    // Its guest is gone, or has forgotten a service that ended.
    if (service.running() || !service.log_kept) throw;
    return logs_.tail_kept(service, stream, lines);
  }
}

api::ServiceLog Services::handle(const api::ServiceLogs& request, bus::Call& call) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  const ServiceRecord service = find(record, request.service_name);
  const LogText out = log_of(service, record.vm_id, 1, request, call);
  const LogText error = log_of(service, record.vm_id, 2, request, call);
  api::ServiceLog log{.service_name = service.service_name,
                      .state = service.state,
                      .stdout_text = to_valid_utf8(out.text),
                      .stderr_text = to_valid_utf8(error.text),
                      .truncated = out.begins_later || error.begins_later,
                      .stdout_offset = out.end,
                      .stderr_offset = error.end};
  if (!request.all) log.tail_lines = request.tail_lines;
  return workspaces_.about(request.workspace_id, std::move(log));
}

}  // namespace pyro::workspace
