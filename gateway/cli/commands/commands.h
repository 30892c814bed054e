#pragma once

#include <CLI/CLI.hpp>

#include "gateway/cli/session.h"

/// One function and one file per command: it adds the command's options to the command line and
/// sets `session.action` when the command was chosen.
namespace pyro::cli {

void add_run(CLI::App& root, Session& session);
void add_prepare(CLI::App& root, Session& session);
void add_workspace(CLI::App& root, Session& session);
void add_env(CLI::App& root, Session& session);
void add_env_list(CLI::App& env, Session& session);
void add_env_pull(CLI::App& env, Session& session);
void add_env_inspect(CLI::App& env, Session& session);
void add_env_prune(CLI::App& env, Session& session);
void add_stack(CLI::App& root, Session& session);
void add_stack_up(CLI::App& stack, Session& session);
void add_stack_down(CLI::App& stack, Session& session);
void add_stack_status(CLI::App& stack, Session& session);
void add_stack_logs(CLI::App& stack, Session& session);
void add_doctor(CLI::App& root, Session& session);
void add_mcp(CLI::App& root, Session& session);
void add_mcp_serve(CLI::App& mcp, Session& session);
void add_completion(CLI::App& root, Session& session);

}  // namespace pyro::cli
