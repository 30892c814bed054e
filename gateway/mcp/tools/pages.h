#pragma once

#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_files.h"
#include "gateway/mcp/protocol/json.h"

/// How much of a long reply one answer holds, and how a model gets the rest: a client takes 10 MB a
/// message. `cut`: texts in it were shortened.
namespace pyro::mcp {

/// Of a long history the latest commands.
void page_logs(const api::WorkspaceLogs& request, Json& reply, bool cut);

/// Of a long list its beginning.
void page_list(const api::ListFiles& request, Json& reply, bool cut);

/// Of a long diff the entries from the offset on.
void page_diff(const api::DiffWorkspace& request, Json& reply, bool cut);

/// How to get the bytes of a file that is no UTF-8.
void tell_encoding(const api::ReadFile& request, Json& reply, bool cut);

/// Of a part of a file that consists of control characters its first half.
void bound_page(api::FileContent& page);

}  // namespace pyro::mcp
