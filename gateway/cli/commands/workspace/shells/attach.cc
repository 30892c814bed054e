#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/api/workspace_shells.h"
#include "common/base/reasons/workspace.h"
#include "common/process/wait.h"
#include "common/stack/stack_client.h"
#include "common/stream/output_receiver.h"
#include "gateway/cli/commands/workspace/shells/keys.h"
#include "gateway/cli/commands/workspace/shells/raw_terminal.h"
#include "gateway/cli/commands/workspace/shells/shell.h"
#include "gateway/cli/guest/guest_command.h"
#include "gateway/cli/guest/guest_output.h"
#include "gateway/cli/notes.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

/// A killed service is started again within these; each shows the shell anew.
constexpr int kMostLosses = 5;
constexpr std::chrono::seconds kLastShownLimit{5};

/// One person at one shell: the terminal, and the thread that types.
class Attachment {
 public:
  Attachment(Session& session, const api::AttachShell& request)
      : session_(session),
        request_(request),
        output_(session.signals().token()),
        typist_([this](const std::stop_token& stop) { type(stop); }) {
    session_.signals().before_exit([this] { terminal_.restore(); });
  }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  ~Attachment() { session_.signals().before_exit({}); }

  /// Until the shell stops or the person leaves.
  std::optional<api::ShellReply> show() {
    for (int losses = 0;;) {
      try {
        return show_once();
      } catch (const Error& error) {
        if (detached_) return std::nullopt;
        if (failure_) throw Error(*failure_);
        if (error.code() != ErrorCode::kUnavailable || ++losses > kMostLosses) throw;
      }
    }
  }

 private:
  api::ShellReply show_once() {
    session_.stack().ensure_running(session_.signals().token());
    OutputReceiver receiver(session_.paths().runtime_dir / "streams",
                            [this](std::uint32_t, std::string_view data) {
                              terminal_.saw(data);
                              output_.write(1, data);
                            });
    request_.output_socket = receiver.socket().string();
    auto shell = session_.client().attach_shell(request_, {.stop = session_.signals().token()});
    receiver.finish(Clock::now() + kLastShownLimit);
    return shell;
  }

  void type(const std::stop_token& stop) {
    const StopFd stopped(stop);
    try {
      resize();
      Keys keys;
      while (type_once(keys, stopped)) {
      }
      detached_ = true;
    } catch (const Error& error) {
      // A shell that has stopped is told by the other side.
      if (stop.stop_requested() || error.reason() == reason::kShellStopped) return;
      failure_ = error;
    }
    session_.signals().stop();
  }

  /// False once the person leaves, or the terminal is gone.
  bool type_once(Keys& keys, const StopFd& stopped) {
    std::vector<pollfd> watched{{STDIN_FILENO, POLLIN, 0}, {terminal_.size_changed(), POLLIN, 0}};
    wait_for(watched, Deadline::max(), stopped);
    std::uint64_t changes = 0;
    if (watched[1].revents != 0 && ::read(terminal_.size_changed(), &changes, sizeof changes) > 0) {
      resize();
    }
    if (watched[0].revents == 0) return true;
    std::array<char, 4096> bytes;
    const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n <= 0) return false;
    const auto typed = keys.take({bytes.data(), static_cast<std::size_t>(n)});
    if (!typed.input.empty()) {
      session_.client().write_shell({.workspace_id = request_.workspace_id,
                                     .shell_id = request_.shell_id,
                                     .input = typed.input,
                                     .append_newline = false},
                                    {.stop = session_.signals().token()});
    }
    return !typed.detach;
  }

  void resize() {
    const auto size = RawTerminal::size();
    session_.client().resize_shell({.workspace_id = request_.workspace_id,
                                    .shell_id = request_.shell_id,
                                    .cols = size.cols,
                                    .rows = size.rows},
                                   {.stop = session_.signals().token()});
  }

  Session& session_;
  api::AttachShell request_;
  RawTerminal terminal_;
  GuestOutput output_;
  /// The typist's thread writes both before it stops the call; read after that has failed.
  std::atomic<bool> detached_{false};
  std::optional<Error> failure_;
  std::jthread typist_;
};

int attach(Session& session, const api::AttachShell& request) {
  Session::check(request);
  // Before the terminal changes: a shell that does not exist is refused like anything else.
  session.call(api::ReadShell{
      .workspace_id = request.workspace_id, .shell_id = request.shell_id, .max_chars = 1});
  std::optional<api::ShellReply> ended;
  {
    Attachment attachment(session, request);
    ended = attachment.show();
  }
  if (!ended) {
    note(fmt::format("left shell {1}, which runs on: pyro workspace shell attach {0} {1}",
                     request.workspace_id, request.shell_id));
    return 0;
  }
  note(fmt::format("shell {} has ended", request.shell_id));
  return exit_status_of(ended->exit_code);
}

}  // namespace

void add_workspace_shell_attach(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("attach", "Use a shell from your terminal");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell attach 0123456789ab ba9876543210\n\n"
      "Your terminal becomes the shell's, with its size; others, such as a model, may use it at\n"
      "the same time. Ctrl-] leaves it: it runs on. Its end gives its exit status.";
  auto request = std::make_shared<api::AttachShell>();
  add_request_options(command, *request);
  command.action = [&session, request] { return attach(session, *request); };
}

}  // namespace pyro::cli
