#pragma once

#include <cstdint>
#include <string_view>

#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_files.h"
#include "gateway/mcp/protocol/json.h"

/// How much of a long reply one answer holds, and how a model gets the rest. `cut`: texts in it
/// were shortened.
namespace pyro::mcp {

/// Of a list that is asked for from `offset` on, as many as one answer holds.
void page_list(std::string_view tool, std::uint32_t offset, const std::string& list, Json& reply);

/// Of a history the part that was asked for, else the latest commands.
void page_logs(const api::WorkspaceLogs& request, Json& reply, bool cut);

/// What is left of a diff.
void tell_rest_of_diff(const api::DiffWorkspace& request, Json& reply, bool cut);

/// How to get the bytes of a file that is no UTF-8.
void tell_encoding(const api::ReadFile& request, Json& reply, bool cut);

}  // namespace pyro::mcp
