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

}  // namespace pyro::cli
