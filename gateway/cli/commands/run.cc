#include <fmt/format.h>

#include <cstdio>

#include "common/api/cli_options.h"
#include "common/api/machine.h"
#include "common/base/text.h"
#include "common/stream/output_receiver.h"
#include "gateway/cli/commands/commands.h"
#include "gateway/cli/guest_output.h"
#include "gateway/cli/stdout_closed.h"

namespace pyro::cli {
namespace {

/// An environment that is not installed is built first, which takes minutes on a slow mirror.
constexpr std::chrono::seconds kInstallLimit{2 * 3600};
/// How long the last output may take once the guest's command has ended.
constexpr std::chrono::seconds kLastOutputLimit{30};

/// The run with its output streamed to ours while it comes.
class StreamedRun {
 public:
  explicit StreamedRun(Session& session)
      : session_(session),
        output_(session.signals().token()),
        receiver_(session.paths().runtime_dir / "streams",
                  [this](std::uint32_t stream, std::string_view data) { take(stream, data); }) {}

  api::MachineExecResult run(api::RunMachine request, std::chrono::seconds limit) {
    request.output_socket = receiver_.socket().string();
    try {
      auto result = session_.call(request, limit);
      receiver_.finish(Clock::now() + kLastOutputLimit);
      output_.end_line_on_terminal();
      return result;
    } catch (const Error&) {
      // When our own output was the cause, the rest is a consequence of it.
      if (stdout_closed_) throw StdoutClosed();
      if (output_failure_) throw Error(*output_failure_);
      throw;
    }
  }

 private:
  void take(std::uint32_t stream, std::string_view data) {
    session_.progress().finish();
    try {
      output_.write(stream, data);
    } catch (const StdoutClosed&) {
      stdout_closed_ = true;
      session_.signals().stop();
      throw cancelled("standard output was closed");
    } catch (const Error& error) {
      output_failure_ = error;
      session_.signals().stop();
      throw;
    }
  }

  Session& session_;
  GuestOutput output_;
  /// Written by the receiver's thread before it stops the call, read once the call has failed.
  std::atomic<bool> stdout_closed_{false};
  std::optional<Error> output_failure_;
  OutputReceiver receiver_;
};

int run(Session& session, api::RunMachine& request) {
  if (!session.words || session.words->empty()) {
    throw UsageError("run needs a command after --, as in: pyro run debian:12 -- git --version");
  }
  request.command = shell_join(*session.words);
  request.boot = session.config().vm.boot;
  Session::check(request);
  const auto limit = kInstallLimit + std::chrono::seconds(request.timeout_seconds);
  api::MachineExecResult result;
  if (session.json) {
    result = session.call(request, limit);
    print(api::to_json(result).dump(2) + "\n");
  } else {
    session.stack().ensure_running(session.signals().token());
    result = StreamedRun(session).run(request, limit);
    print(result.stdout_text);
    fmt::print(stderr, "{}", result.stderr_text);
  }
  if (result.execution_mode == api::ExecutionMode::kHostCompat) {
    fmt::print(stderr,
               "note: this ran on the host itself (host_compat), without a guest's isolation\n");
  }
  return result.exit_code;
}

}  // namespace

void add_run(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("run", "Run one command in a fresh machine and delete it");
  command->footer(
      "Examples:\n"
      "  pyro run debian:12 -- git --version\n"
      "  pyro run debian:12 --mem-mib 2048 --timeout-seconds 120 -- sh -lc 'make && ./test'\n"
      "  pyro run debian:12 --json -- uname -a\n\n"
      "The exit status is the command's own; 124 when it ran out of time.");
  auto request = std::make_shared<api::RunMachine>();
  api::add_options(*command, *request, {"command"});
  add_json_flag(*command, session);
  command->callback([&session, request] {
    session.action = [&session, request] { return run(session, *request); };
  });
}

}  // namespace pyro::cli
