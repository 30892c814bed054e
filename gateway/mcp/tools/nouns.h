#pragma once

#include <vector>

namespace pyro::mcp {

struct ToolRow;

// The tools of each noun, from the noun's file. A noun whose tools do not stand together in a
// server's list has several groups.

std::vector<ToolRow> machine_tools();      // machines.cc
std::vector<ToolRow> environment_tools();  // environments.cc
std::vector<ToolRow> expiry_tools();       // machines.cc
std::vector<ToolRow> workspace_tools();    // workspaces.cc
std::vector<ToolRow> command_tools();      // commands.cc
std::vector<ToolRow> file_tools();         // files.cc
std::vector<ToolRow> patch_tools();        // patch.cc
std::vector<ToolRow> sync_tools();         // sync.cc
std::vector<ToolRow> diff_tools();         // diff.cc
std::vector<ToolRow> export_tools();       // export.cc
std::vector<ToolRow> history_tools();      // commands.cc
std::vector<ToolRow> summary_tools();      // summary.cc
std::vector<ToolRow> reset_tools();        // workspaces.cc
std::vector<ToolRow> shell_tools();        // shells.cc
std::vector<ToolRow> snapshot_tools();     // snapshots.cc
std::vector<ToolRow> service_tools();      // services.cc
std::vector<ToolRow> network_tools();      // networks.cc
std::vector<ToolRow> port_tools();         // ports.cc
std::vector<ToolRow> disk_tools();         // disk.cc
std::vector<ToolRow> lifecycle_tools();    // workspaces.cc

/// Those in the order of a server's list.
inline constexpr std::vector<ToolRow> (*kNouns[])() = {
    machine_tools, environment_tools, expiry_tools,   workspace_tools, command_tools,
    file_tools,    patch_tools,       sync_tools,     diff_tools,      export_tools,
    history_tools, summary_tools,     reset_tools,    shell_tools,     service_tools,
    network_tools, port_tools,        snapshot_tools, disk_tools,      lifecycle_tools,
};

}  // namespace pyro::mcp
