#include "gateway/cli/command_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/api/error_body.h"
#include "common/api/json_codec.h"
#include "common/base/text.h"
#include "common/command_line/parse.h"
#include "gateway/cli/commands/completion/completion.h"
#include "gateway/cli/commands/doctor/doctor.h"
#include "gateway/cli/commands/environment/env.h"
#include "gateway/cli/commands/host/host.h"
#include "gateway/cli/commands/mcp/mcp.h"
#include "gateway/cli/commands/prepare/prepare.h"
#include "gateway/cli/commands/run/run.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/commands/workspace/workspace.h"
#include "gateway/cli/global_flags.h"
#include "gateway/cli/session.h"
#include "gateway/cli/stdout_closed.h"

namespace pyro::cli {
namespace {

constexpr int kFailure = 1;

void tell(std::string_view message) {
  std::string line = printable(message);
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "error: {}\n", line);
}

/// With --json also prints the failure as a document on standard output.
void print_error_document(const Session& session, const Error& error) {
  if (!session.json) return;
  const Error shown(error.code(), error.reason(), printable(error.message()));
  try {
    const auto document = api::Json::object({{"error", api::to_json(api::error_body(shown))}});
    print(document.dump(2) + "\n");
  } catch (const StdoutClosed&) {  // standard error still has the sentence
  } catch (const std::exception&) {
  }
}

int usage_error(const CliCommand& command, const Session& session, const UsageError& error) {
  print_error_document(session, error);
  tell(error.message());
  fmt::print(stderr, "Run `{} --help` for how to use it.\n", command.full_name());
  return UsageError::kExitStatus;
}

/// Tells the user, and returns the exit status of an action that threw `error`.
int failed(Session& session, const Error& error) {
  session.progress().finish();
  print_error_document(session, error);
  if (session.signals().signal() != 0) return 128 + session.signals().signal();
  tell(error.message());
  return kFailure;
}

/// Runs the action and gives each way of failing its exit status.
int act(const CliCommand& command, Session& session) {
  try {
    const int status = command.action();
    return session.signals().signal() != 0 ? 128 + session.signals().signal() : status;
  } catch (const StdoutClosed&) {
    return StdoutClosed::kExitStatus;
  } catch (const UsageError& error) {
    session.progress().finish();
    return usage_error(command, session, error);
  } catch (const Error& error) {
    return failed(session, error);
  } catch (const std::exception& error) {
    return failed(session, internal_error("{}", error.what()));
  }
}

/// Whether `--json` is among the words: words that do not parse may not have set the flag.
bool asks_for_json(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), dashes, "--json") != dashes;
}

int show(std::string_view text) {
  try {
    print(text);
    return 0;
  } catch (const StdoutClosed&) {
    return StdoutClosed::kExitStatus;
  }
}

}  // namespace

std::unique_ptr<CliCommand> make_command_line(Session& session) {
  auto root = std::make_unique<CliCommand>("pyro", "Runs commands inside real microVMs.");
  root->needs_command = true;
  root->add_version("pyro " PYRO_VERSION);
  add_global_flags(*root, session.path_flags, session.settings);
  root->footer =
      "Examples:\n  pyro run debian:12 -- git --version\n  pyro workspace create debian:12 "
      "--seed-path .\n  pyro prepare\n  pyro env list\n  pyro host connect claude-code\n  pyro "
      "doctor\n\n"
      "Each command has its own examples: pyro run --help";
  add_run(*root, session);
  add_prepare(*root, session);
  add_workspace(*root, session);
  add_env(*root, session);
  add_stack(*root, session);
  add_doctor(*root, session);
  add_mcp(*root, session);
  add_host(*root, session);
  add_completion(*root, session);
  return root;
}

int run_command_line(const std::vector<std::string>& arguments) {
  Session session;
  const auto root = make_command_line(session);
  const ParsedLine line = parse(*root, arguments);
  switch (line.asked) {
    case ParsedLine::Asked::kHelp:
      return show(help_text(*line.command));
    case ParsedLine::Asked::kVersion:
      if (line.command == root.get()) return show(root->version + "\n");
      return usage_error(*line.command, session,
                         UsageError("--version takes no command; put a command to run after --, as "
                                    "in: pyro run debian:12 -- git --version"));
    case ParsedLine::Asked::kNonsense:
      session.json = asks_for_json(arguments);
      return usage_error(*line.command, session, UsageError(line.refusal));
    case ParsedLine::Asked::kAction:
      break;
  }
  return act(*line.command, session);
}

}  // namespace pyro::cli
