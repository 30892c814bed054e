#pragma once

#include <string>

#include "common/api/workspace.h"

/// Replies about workspaces as text. `now` is in seconds since the epoch; a guest's text is made
/// printable.
namespace pyro::cli {

/// A new workspace, its lifetime, and the next commands.
std::string created_text(const api::Workspace& workspace);

/// `key: value` lines; an error comes first.
std::string status_text(const api::Workspace& workspace, double now);

/// A table, or how to create the first one.
std::string list_text(const api::WorkspaceList& list, double now);

std::string started_text(const api::Workspace& workspace);
std::string stopped_text(const api::Workspace& workspace);
std::string reset_text(const api::Workspace& workspace);
std::string deleted_text(const api::DeletedWorkspace& deleted);

}  // namespace pyro::cli
