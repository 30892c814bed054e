// A service whose name is the name it is called by and whose behaviour files in the state directory
// tell: `<name>.crash` (its content is said on stderr) ends it at once, `<name>.gate` is a FIFO
// that it opens before it is ready, `<name>.quiesce` one that it opens before it is quiet,
// `<name>.holds` makes it keep something alive. It notes in `events` what it does. Of a workspace's
// operations it notes the requests (test_workspaces.h).

#include <fcntl.h>

#include <filesystem>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_disk.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/api/workspace_sync.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/service/service_host.h"
#include "common/stream/output_sender.h"
#include "tests/service/supervisor/test_workspaces.h"

namespace {

using namespace pyro;

class Service {
 public:
  Service(std::filesystem::path directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)) {}

  void note(const std::string& what) const {
    const auto fd = open_file(directory_ / "events", O_WRONLY | O_CREAT | O_APPEND);
    write_all(fd.get(), what + " " + name_ + "\n");
  }
  std::filesystem::path file(const std::string& what) const {
    return directory_ / (name_ + "." + what);
  }

  api::Nothing handle(const api::Quiesce&, bus::Call&) {
    note("quiesce");
    if (std::filesystem::exists(file("quiesce"))) {
      const auto gate = open_file(file("quiesce"), O_RDONLY);
      read_to_end(gate.get(), 1);
    }
    return {};
  }

  api::EnvironmentList handle(const api::ListEnvironments&, bus::Call&) {
    api::EnvironmentList list{"1", {}};
    for (const auto* name : {"debian:12", "debian:12-base"}) {
      list.environments.emplace_back().name = name;
    }
    return list;
  }

  api::HostCapabilities handle(const api::GetCapabilities&, bus::Call&) {
    api::HostCapabilities capabilities;
    capabilities.guest_boot_available = true;
    capabilities.accelerator = "tcg";
    capabilities.accelerator_reason = "a test says so";
    return capabilities;
  }

  api::MachineExecResult handle(const api::RunMachine& request, bus::Call& call) {
    auto result = run_command(request, call);
    result.execution_mode = request.allow_host_compat ? api::ExecutionMode::kHostCompat
                                                      : api::ExecutionMode::kGuestSerial;
    return result;
  }

  api::WorkspaceExecResult handle(const api::ExecWorkspace& request, bus::Call& call) {
    workspaces_.handle(request, call);
    return run_command(request, call);
  }

  template <api::Operation Op>
  typename Op::Reply handle(const Op& request, bus::Call& call) {
    return workspaces_.handle(request, call);
  }

 private:
  /// The command says what the guest does.
  template <api::Operation Op>
  typename Op::Reply run_command(const Op& request, bus::Call& call) {
    note("run");
    const StopFd stop(call.stop());
    typename Op::Reply result;
    result.exit_code = 0;
    result.command = request.command;
    const auto say = [&](std::uint32_t stream, std::string_view data) {
      if (!sender_) return void((stream == 1 ? result.stdout_text : result.stderr_text) += data);
      sender_->send(stream, data);
    };
    if (request.output_socket) sender_.emplace(*request.output_socket, call.work());
    Cleanup close_output([this] { sender_.reset(); });
    if (request.command == "binary") say(1, std::string_view("\0\xff\n\x1b", 4));
    if (request.command == "long") say(1, std::string(10'000, 'x'));
    if (request.command == "both") {
      say(1, "to stdout\n");
      say(2, "to stderr\n");
      result.exit_code = 7;
    }
    if (request.command == "timeout") result.exit_code = 124;
    if (request.command == "lose") throw unavailable("the answer was lost");
    if (request.command == "refuse") {
      throw resource_exhausted(reason::kLimitReached, "max active VMs reached (8)");
    }
    // As the client of a service does that this one calls.
    if (request.command == "neighbour") {
      throw unavailable(reason::kServiceAway, "service 'x' is not running");
    }
    try {
      while (request.command == "flood") say(1, std::string(100000, 'x'));
      if (request.command == "wait") {
        say(1, "started\n");
        wait_for(-1, 0, call.deadline(), stop);
        throw deadline_exceeded("the command waited for its caller's whole limit");
      }
    } catch (const Error&) {
      note("cancelled");
      throw;
    }
    return result;
  }

  std::filesystem::path directory_;
  std::string name_;
  test::TestWorkspaces workspaces_{directory_};
  std::optional<OutputSender> sender_;
};

using TestApi =
    api::Api<api::Quiesce, api::ListEnvironments, api::GetCapabilities, api::RunMachine>;

}  // namespace

int main(int argc, char** argv) {
  const std::string name = std::filesystem::path(argv[0]).filename().string();
  return run_service(argc, argv, name, [&name](ServiceHost& host) {
    Service service(host.paths().state_dir, name);
    if (std::filesystem::exists(service.file("crash"))) {
      throw internal_error("{}", read_file(service.file("crash")));
    }
    if (std::filesystem::exists(service.file("gate"))) {
      const auto gate = open_file(service.file("gate"), O_RDONLY);
      read_to_end(gate.get(), 1);
    }
    host.server().set_holds(
        [&service] { return std::filesystem::exists(service.file("holds")) ? 1U : 0U; });
    service.note("start");
    host.serve<api::WorkspaceApi>(service);
    host.serve<api::CommandsApi>(service);
    host.serve<api::SnapshotsApi>(service);
    host.serve<api::FilesApi>(service);
    host.serve<api::SyncApi>(service);
    host.serve<api::ExportApi>(service);
    host.serve<api::DiffApi>(service);
    host.serve<api::DiskApi>(service);
    host.serve<api::PatchApi>(service);
    host.serve<api::SummaryApi>(service);
    host.serve<api::PrepareApi>(service);
    host.serve<TestApi>(service);
    host.run();
    service.note("stop");
  });
}
