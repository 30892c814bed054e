#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/package_cache.h"
#include "common/api/prepare.h"
#include "common/api/progress.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_disk.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_network.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_ports.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/api/workspace_sync.h"
#include "common/base/error.h"
#include "common/base/visibility.h"
#include "pyro/server.h"

namespace pyro {

class StackClient;
struct Paths;

/// How one call is made.
struct CallOptions {
  /// Until the call fails with kDeadlineExceeded; none: what the operation usually needs at most.
  std::optional<std::chrono::milliseconds> limit{};
  /// Cancels the call, which then fails with kCancelled once it was cleaned up.
  std::stop_token stop{};
  /// Called by the thread that calls, with each step of a long operation.
  api::ProgressSink on_progress{};
};

/// Where the stack's directories are, and its settings; what is not given comes from the
/// environment and the configuration file, as on the command line.
struct ClientOptions {
  std::optional<std::filesystem::path> state_dir{};
  std::optional<std::filesystem::path> cache_dir{};
  std::optional<std::filesystem::path> runtime_dir{};
  std::vector<std::string> settings{};  ///< like limits.max_active=2, for a stack it starts
};

/// Every method of a client with its request, which says in common/api what it does, what may be
/// given and what is refused.
#define PYRO_CLIENT_METHODS(METHOD)                    \
  METHOD(list_environments, ListEnvironments)          \
  METHOD(pull_environment, PullEnvironment)            \
  METHOD(inspect_environment, InspectEnvironment)      \
  METHOD(prepare_environment, PrepareEnvironment)      \
  METHOD(prune_environments, PruneEnvironments)        \
  METHOD(prune_templates, PruneTemplates)              \
                                                       \
  METHOD(create_vm, CreateMachine)                     \
  METHOD(start_vm, StartMachine)                       \
  METHOD(exec_vm, ExecMachine)                         \
  METHOD(stop_vm, StopMachine)                         \
  METHOD(delete_vm, DeleteMachine)                     \
  METHOD(status_vm, MachineStatus)                     \
  METHOD(network_info_vm, MachineNetworkInfo)          \
  METHOD(reap_expired, ReapExpired)                    \
  METHOD(run_in_vm, RunMachine)                        \
                                                       \
  METHOD(create_workspace, CreateWorkspace)            \
  METHOD(list_workspaces, ListWorkspaces)              \
  METHOD(status_workspace, WorkspaceStatus)            \
  METHOD(update_workspace, UpdateWorkspace)            \
  METHOD(exec_workspace, ExecWorkspace)                \
  METHOD(poll_workspace_exec, PollExec)                \
  METHOD(cancel_workspace_exec, CancelExec)            \
  METHOD(find_workspace_exec, FindExec)                \
  METHOD(attach_workspace_exec, AttachExec)            \
  METHOD(logs_workspace, WorkspaceLogs)                \
  METHOD(summarize_workspace, SummarizeWorkspace)      \
  METHOD(diff_workspace, DiffWorkspace)                \
  METHOD(export_workspace, ExportPath)                 \
  METHOD(reset_workspace, ResetWorkspace)              \
  METHOD(start_workspace, StartWorkspace)              \
  METHOD(stop_workspace, StopWorkspace)                \
  METHOD(delete_workspace, DeleteWorkspace)            \
                                                       \
  METHOD(push_workspace_sync, PushSync)                \
  METHOD(list_workspace_files, ListFiles)              \
  METHOD(read_workspace_file, ReadFile)                \
  METHOD(write_workspace_file, WriteFile)              \
  METHOD(apply_workspace_patch, ApplyPatch)            \
  METHOD(export_workspace_disk, ExportDisk)            \
  METHOD(list_workspace_disk, ListDisk)                \
  METHOD(read_workspace_disk, ReadDisk)                \
  METHOD(open_shell, OpenShell)                        \
  METHOD(read_shell, ReadShell)                        \
  METHOD(write_shell, WriteShell)                      \
  METHOD(signal_shell, SignalShell)                    \
  METHOD(resize_shell, ResizeShell)                    \
  METHOD(close_shell, CloseShell)                      \
  METHOD(list_shells, ListShells)                      \
  METHOD(attach_shell, AttachShell)                    \
  METHOD(describe_package_cache, DescribePackageCache) \
  METHOD(prune_package_cache, PrunePackageCache)       \
  METHOD(show_network, ShowNetwork)                    \
  METHOD(update_network, UpdateNetwork)                \
  METHOD(read_network_log, ReadNetworkLog)             \
  METHOD(learned_network, ReadLearnedNetwork)          \
  METHOD(list_ports, ListPorts)                        \
  METHOD(open_port, OpenPort)                          \
  METHOD(close_port, ClosePort)                        \
  METHOD(create_snapshot, CreateSnapshot)              \
  METHOD(delete_snapshot, DeleteSnapshot)              \
  METHOD(list_snapshots, ListSnapshots)                \
  METHOD(start_service, StartService)                  \
  METHOD(list_services, ListServices)                  \
  METHOD(status_service, WorkspaceServiceStatus)       \
  METHOD(stop_service, StopService)                    \
  METHOD(logs_service, ServiceLogs)

/// The operations of pyro, by a stack that is started when it does not run. Thread-safe. A
/// failure is a pyro::Error with a code, a reason by which a program decides (docs/reasons.md), and
/// one sentence for the user.
///
///   pyro::Client client;
///   const auto made = client.create_workspace({.environment = "debian:12"});
///   client.exec_workspace({.workspace_id = made.workspace_id, .command = "make test"},
///                         {.stop = stop.get_token()});
///
/// Its connections have threads: a program that handles SIGINT, SIGTERM or SIGHUP in a thread of
/// its own blocks them (pthread_sigmask) before it makes a client, or they may land in one of
/// those.
class PYRO_API Client {
 public:
  explicit Client(const ClientOptions& options = {});
  /// By a stack client that others use as well: for the suite's own doors.
  explicit Client(std::shared_ptr<StackClient> stack);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

#define PYRO_CLIENT_METHOD(name, Op) \
  api::Op::Reply name(const api::Op& request, const CallOptions& options = {});
  PYRO_CLIENT_METHODS(PYRO_CLIENT_METHOD)
#undef PYRO_CLIENT_METHOD

  /// An MCP server whose tools call by this client, which outlives it.
  Server create_server(const ServerOptions& options = {});

  /// Any of these operations by its request alone.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const CallOptions& options = {});

 private:
  const Paths& paths() const;

  std::shared_ptr<StackClient> stack_;
  api::BootPolicy boot_;
};

}  // namespace pyro
