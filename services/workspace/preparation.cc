#include "services/workspace/preparation.h"

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
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

void prove(Workspaces& workspaces, const std::string& environment, const bus::Call& call) {
  const auto step = [&call](const char* message) {
    call.progress({.phase = "prove", .message = message});
  };
  // The steps of the workspace itself would only flicker.
  const bus::Call quiet(
      {.deadline = call.deadline(), .stop = call.stop(), .trace_id = call.trace_id()}, {});
  step("create a workspace");
  const api::Workspace made =
      workspaces.create({.environment = environment, .name = "pyro prepare"}, quiet,
                        Workspaces::Lifetime::kOfThisService);
  Cleanup remove([&] {
    try {
      workspaces.remove(made.workspace_id, "prepared");
    } catch (const Error& error) {
      log::error("the workspace that proved '{}' stays until it expires: {}", environment,
                 error.message());
    }
  });
  require_warm(made);
  step("run a command in it");
  const auto ran = workspaces.exec({.workspace_id = made.workspace_id, .command = "true"}, quiet);
  if (ran.exit_code != 0) {
    throw unavailable(reason::kTemplateFailed, "`true` ended with status {} in a warm machine",
                      ran.exit_code.value_or(-1));
  }
  step("reset it");
  require_warm(workspaces.reset({.workspace_id = made.workspace_id}, quiet));
}

}  // namespace

api::PreparedEnvironment prepare(Workspaces& workspaces, bus::Client& machines,
                                 const api::PrepareEnvironment& request, const bus::Call& call) {
  const auto begin = Clock::now();
  const Work& work = call.work();
  api::PreparedEnvironment prepared = machines.call(api::PrepareTemplate{.request = request}, work);
  if (!prepared.prepared) {
    prove(workspaces, request.environment, call);
    prepared = machines.call(api::PrepareTemplate{.request = request, .proved = true}, work);
  }
  prepared.duration_ms = static_cast<std::uint64_t>(elapsed_since(begin).count());
  return prepared;
}

}  // namespace pyro::workspace
