#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "gateway/mcp/modes/tool_set.h"

/// Every profile and mode. Each has a file of its own.
namespace pyro::mcp {

ToolSet vm_run();
ToolSet workspace_core();
ToolSet workspace_full();

ToolSet repro_fix();
ToolSet inspect();
ToolSet cold_start();
ToolSet review_eval();

/// The tools that every mode has, and `more`.
std::vector<std::string_view> mode_tools(std::initializer_list<std::string_view> more);

}  // namespace pyro::mcp
