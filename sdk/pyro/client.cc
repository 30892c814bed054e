#include "pyro/client.h"

#include "common/stack/stack_client.h"

namespace pyro {
namespace {

/// An environment that is not installed is built first; a command has a time of its own.
constexpr std::chrono::hours kUsualLimit{2};

Paths paths_of(const ClientOptions& options) {
  return find_paths({options.state_dir, options.cache_dir, options.runtime_dir});
}

}  // namespace

Client::Client(const ClientOptions& options)
    : stack_(std::make_shared<StackClient>(paths_of(options), options.settings)) {}

Client::Client(std::shared_ptr<StackClient> stack) : stack_(std::move(stack)) {}

Client::~Client() = default;

template <api::Operation Op>
typename Op::Reply Client::call(const Op& request, const CallOptions& options) {
  return stack_->call(request, {.deadline = Clock::now() + options.limit.value_or(kUsualLimit),
                                .stop = options.stop,
                                .on_progress = options.on_progress});
}

// Every operation of the doors is compiled here, once.
#define PYRO_CLIENT_CALL(Op) \
  template api::Op::Reply Client::call<api::Op>(const api::Op&, const CallOptions&);
PYRO_CLIENT_CALL(CreateWorkspace)
PYRO_CLIENT_CALL(ListWorkspaces)
PYRO_CLIENT_CALL(WorkspaceStatus)
PYRO_CLIENT_CALL(UpdateWorkspace)
PYRO_CLIENT_CALL(ExecWorkspace)
PYRO_CLIENT_CALL(WorkspaceLogs)
PYRO_CLIENT_CALL(ResetWorkspace)
PYRO_CLIENT_CALL(StartWorkspace)
PYRO_CLIENT_CALL(StopWorkspace)
PYRO_CLIENT_CALL(DeleteWorkspace)
PYRO_CLIENT_CALL(CreateSnapshot)
PYRO_CLIENT_CALL(DeleteSnapshot)
PYRO_CLIENT_CALL(ListSnapshots)
PYRO_CLIENT_CALL(PushSync)
PYRO_CLIENT_CALL(ExportPath)
PYRO_CLIENT_CALL(DiffWorkspace)
PYRO_CLIENT_CALL(ListFiles)
PYRO_CLIENT_CALL(ReadFile)
PYRO_CLIENT_CALL(WriteFile)
PYRO_CLIENT_CALL(ApplyPatch)
PYRO_CLIENT_CALL(SummarizeWorkspace)
PYRO_CLIENT_CALL(PrepareEnvironment)
PYRO_CLIENT_CALL(CreateMachine)
PYRO_CLIENT_CALL(StartMachine)
PYRO_CLIENT_CALL(ExecMachine)
PYRO_CLIENT_CALL(RunMachine)
PYRO_CLIENT_CALL(StopMachine)
PYRO_CLIENT_CALL(DeleteMachine)
PYRO_CLIENT_CALL(MachineStatus)
PYRO_CLIENT_CALL(MachineNetworkInfo)
PYRO_CLIENT_CALL(ReapExpired)
PYRO_CLIENT_CALL(ListEnvironments)
PYRO_CLIENT_CALL(InspectEnvironment)
PYRO_CLIENT_CALL(PullEnvironment)
PYRO_CLIENT_CALL(PruneEnvironments)
PYRO_CLIENT_CALL(PollExec)
PYRO_CLIENT_CALL(CancelExec)
PYRO_CLIENT_CALL(AttachExec)
#undef PYRO_CLIENT_CALL

}  // namespace pyro
