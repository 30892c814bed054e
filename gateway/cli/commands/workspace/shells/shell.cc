#include "gateway/cli/commands/workspace/shells/shell.h"

#include <memory>

#include "common/api/workspace_shells.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/secret_options.h"
#include "gateway/cli/commands/workspace/shells/shell_text.h"

namespace pyro::cli {
namespace {

void add_open(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("open", "Open a shell in a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell open 0123456789ab\n"
      "  shell=$(pyro workspace shell open 0123456789ab --cwd src --id-only)\n\n"
      "A bash (else sh) on a terminal of its own, with the prompt 'pyro$ '. It lives on in the\n"
      "guest until it is closed, or the workspace is reset, stopped or deleted.";
  auto request = std::make_shared<api::OpenShell>();
  auto id_only = std::make_shared<bool>(false);
  add_request_options(command, *request);
  add_secret_env_option(command, request->secret_env);
  command.add_flag("--id-only", "Print nothing but the id", *id_only);
  add_json_flag(command, session);
  command.action = [&session, request, id_only] {
    if (session.json && *id_only) throw UsageError("--json and --id-only exclude each other");
    show_reply<api::ShellReply>(
        session, session.call(*request), [id_only](const api::ShellReply& opened) {
          return *id_only ? opened.shell_id + "\n" : opened_shell_text(opened);
        });
    return 0;
  };
}

void add_read(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("read", "Print the output of a shell");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell read 0123456789ab ba9876543210 --plain\n"
      "  pyro workspace shell read 0123456789ab ba9876543210 --cursor 512 --wait-for-idle-ms 300\n"
      "\n"
      "Reading consumes nothing: the next cursor, on standard error, reads on from there. The\n"
      "guest keeps the last 4 MiB. Without --plain the output has its escape sequences.";
  auto request = std::make_shared<api::ReadShell>();
  add_request_options(command, *request);
  add_json_flag(command, session);
  command.action = [&session, request] {
    const auto read = session.call(*request);
    show_reply<api::ShellRead>(session, read, shell_output_text);
    if (!session.json) note(note_of(read));
    return 0;
  };
}

void add_write(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("write", "Type into a shell");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell write 0123456789ab ba9876543210 --input 'make test'\n"
      "  pyro workspace shell write 0123456789ab ba9876543210 --input q --no-newline";
  auto request = std::make_shared<api::WriteShell>();
  auto no_newline = std::make_shared<bool>(false);
  add_request_options(command, *request, {"append_newline"});
  command.add_flag("--no-newline", "Do not press Enter after it", *no_newline);
  add_call<api::WriteShell>(
      command, session, request, written_text,
      [no_newline](api::WriteShell& write) { write.append_newline = !*no_newline; });
}

void add_signal(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("signal", "Send a signal to what runs in a shell");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell signal 0123456789ab ba9876543210\n"
      "  pyro workspace shell signal 0123456789ab ba9876543210 --signal TERM\n\n"
      "The program in the foreground gets it, as if its keys were pressed; without one, the shell.";
  auto request = std::make_shared<api::SignalShell>();
  add_request_options(command, *request, {"signal_name"});
  command.add(
      {.name = "--signal", .help = "HUP, INT, TERM or KILL (default INT)", .value_name = "NAME"},
      request->signal_name);
  add_call<api::SignalShell>(command, session, request, signalled_text);
}

void add_close(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("close", "End a shell and all that it started");
  command.footer =
      "Examples:\n"
      "  pyro workspace shell close 0123456789ab ba9876543210\n\n"
      "Sends SIGHUP, and after 5 s SIGKILL. Its output is gone then.";
  add_plain_call<api::CloseShell>(command, session, closed_shell_text);
}

void add_list(CliCommand& shell, Session& session) {
  auto& command = shell.add_command("list", "List the shells of a workspace");
  command.footer = "Examples:\n  pyro workspace shell list 0123456789ab";
  add_plain_call<api::ListShells>(command, session, [](const api::ShellList& list) {
    return shell_list_text(list, now_epoch_seconds());
  });
}

}  // namespace

void add_workspace_shell(CliCommand& workspace, Session& session) {
  auto& shell = workspace.add_command("shell", "Shells that live on between calls");
  shell.needs_command = true;
  shell.footer =
      "Examples:\n"
      "  pyro workspace shell open 0123456789ab\n"
      "  pyro workspace shell attach 0123456789ab ba9876543210\n"
      "  pyro workspace shell write 0123456789ab ba9876543210 --input 'make test'\n"
      "  pyro workspace shell read 0123456789ab ba9876543210 --plain --wait-for-idle-ms 300";
  add_open(shell, session);
  add_list(shell, session);
  add_workspace_shell_attach(shell, session);
  add_read(shell, session);
  add_write(shell, session);
  add_signal(shell, session);
  add_close(shell, session);
}

}  // namespace pyro::cli
