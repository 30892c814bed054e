#pragma once

#include <string>

#include "common/api/workspace.h"

/// Replies about workspaces as a person reads them. `now` is in seconds since the epoch; what a
/// guest said is printable.
namespace pyro::cli {

/// What a new workspace is, how long it lives, and what to type next.
std::string created_text(const api::Workspace& workspace);

/// `key: value` lines; an error comes first.
std::string status_text(const api::Workspace& workspace, double now);

/// A table, or how to make the first one.
std::string list_text(const api::WorkspaceList& list, double now);

std::string started_text(const api::Workspace& workspace);
std::string stopped_text(const api::Workspace& workspace);
std::string reset_text(const api::Workspace& workspace);
std::string deleted_text(const api::DeletedWorkspace& deleted);

/// `120 entries, 3.4 MiB`
std::string amount_text(std::uint64_t entries, std::uint64_t bytes);

/// `; 2 sockets, FIFOs or devices were left out`, or "" for none
std::string skipped_text(std::uint64_t skipped);

/// `a=1, b=2`
std::string labels_text(const std::map<std::string, std::string>& labels);

/// `exit 2 after 1.2 s`, `cancelled after 3 s`, `runs for 12 s as job 0123456789ab`.
std::string outcome_text(const api::CommandSummary& command);

}  // namespace pyro::cli
