#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/api/cli_options.h"
#include "gateway/cli/notes.h"
#include "gateway/cli/session.h"

/// The commands below `pyro workspace`, as commands.h has the others.
namespace pyro::cli {

void add_workspace_create(CLI::App& workspace, Session& session);
void add_workspace_list(CLI::App& workspace, Session& session);
void add_workspace_status(CLI::App& workspace, Session& session);
void add_workspace_logs(CLI::App& workspace, Session& session);
void add_workspace_summary(CLI::App& workspace, Session& session);
void add_workspace_update(CLI::App& workspace, Session& session);
void add_workspace_exec(CLI::App& workspace, Session& session);
void add_workspace_diff(CLI::App& workspace, Session& session);
void add_workspace_start(CLI::App& workspace, Session& session);
void add_workspace_stop(CLI::App& workspace, Session& session);
void add_workspace_reset(CLI::App& workspace, Session& session);
void add_workspace_delete(CLI::App& workspace, Session& session);
void add_workspace_sync(CLI::App& workspace, Session& session);
void add_workspace_export(CLI::App& workspace, Session& session);
void add_workspace_file(CLI::App& workspace, Session& session);
void add_workspace_file_list(CLI::App& file, Session& session);
void add_workspace_file_read(CLI::App& file, Session& session);
void add_workspace_file_write(CLI::App& file, Session& session);
void add_workspace_patch(CLI::App& workspace, Session& session);
void add_workspace_snapshot(CLI::App& workspace, Session& session);

/// Shows a reply, and on standard error the notes that belong to it.
template <api::Message Reply>
void show_reply(const Session& session, const Reply& reply,
                const std::function<std::string(const Reply&)>& human) {
  print_reply<Reply>(session, reply, human);
  tell_notes(reply);
}

/// Makes `command` call what its options say and show the reply as `human` or --json. `complete`
/// puts into the request what no option does.
template <api::Operation Op>
void add_call(
    CLI::App& command, Session& session, const std::shared_ptr<Op>& request,
    std::function<std::string(const typename Op::Reply&)> human,
    std::function<void(Op&)> complete = [](Op&) {}) {
  add_json_flag(command, session);
  command.callback([&session, request, human, complete] {
    session.action = [&session, request, human, complete] {
      complete(*request);
      show_reply<typename Op::Reply>(session, session.call(*request), human);
      return 0;
    };
  });
}

/// The same for a command whose options are just the request's fields.
template <api::Operation Op>
void add_plain_call(CLI::App& command, Session& session,
                    std::function<std::string(const typename Op::Reply&)> human) {
  const auto request = std::make_shared<Op>();
  api::add_options(command, *request);
  add_call<Op>(command, session, request, std::move(human));
}

}  // namespace pyro::cli
