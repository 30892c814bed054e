#include "services/workspace/preparation/preparation.h"

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/log/log.h"

namespace pyro::workspace {
namespace {

void require_warm(const api::Workspace& workspace) {
  const auto mode = workspace.metadata.find("boot_mode");
  if (mode != workspace.metadata.end() && mode->second == "warm") return;
  throw unavailable(
      reason::kTemplateFailed,
      "the template is there, but a machine did not start from it: run `pyro stack logs --service "
      "vm`");
}

}  // namespace

void Preparation::prove(const api::PrepareEnvironment& wanted, const bus::Call& call) {
  const std::string& environment = wanted.environment;
  const auto step = [&call](const char* message) {
    call.progress({.phase = "prove", .message = message});
  };
  // The steps of the workspace itself would only flicker.
  bus::Call quiet({.deadline = call.deadline(), .stop = call.stop(), .trace_id = call.trace_id()},
                  {});
  step("create a workspace");
  const api::Workspace made = lifecycle_.create(
      {.environment = environment,
       .network_policy = wanted.network ? api::NetworkPolicy::kEgress : api::NetworkPolicy::kOff,
       .name = "pyro prepare"},
      quiet, Lifecycle::Lifetime::kOfThisService);
  Cleanup remove([&] {
    try {
      lifecycle_.handle(api::DeleteWorkspace{.workspace_id = made.workspace_id}, quiet);
    } catch (const Error& error) {
      log::error("the workspace that proved '{}' remains until it expires: {}", environment,
                 error.message());
    }
  });
  require_warm(made);
  step("run a command in it");
  const auto ran = commands_.handle(
      api::ExecWorkspace{.workspace_id = made.workspace_id, .command = "true"}, quiet);
  if (ran.exit_code != 0) {
    throw unavailable(reason::kTemplateFailed, "`true` ended with status {} in a warm machine",
                      ran.exit_code.value_or(-1));
  }
  step("reset it");
  require_warm(lifecycle_.handle(api::ResetWorkspace{.workspace_id = made.workspace_id}, quiet));
}

api::PreparedEnvironment Preparation::handle(const api::PrepareEnvironment& request,
                                             bus::Call& call) {
  const auto begin = Clock::now();
  const Work& work = call.work();
  api::PreparedEnvironment prepared = vm_.call(api::PrepareTemplate{.request = request}, work);
  if (!prepared.prepared) {
    prove(request, call);
    prepared = vm_.call(api::PrepareTemplate{.request = request, .proved = true}, work);
  }
  prepared.duration_ms = static_cast<std::uint64_t>(elapsed_since(begin).count());
  return prepared;
}

}  // namespace pyro::workspace
