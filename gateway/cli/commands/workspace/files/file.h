#pragma once

namespace pyro {
class CliCommand;
}

/// Each function adds a command below the one it is given. See gateway/cli/README.md.
namespace pyro::cli {

class Session;

void add_workspace_file(CliCommand& workspace, Session& session);
void add_workspace_file_list(CliCommand& file, Session& session);
void add_workspace_file_read(CliCommand& file, Session& session);
void add_workspace_file_write(CliCommand& file, Session& session);

}  // namespace pyro::cli
