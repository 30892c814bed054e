#pragma once

#include "host-helpers/hosts/chat_host.h"

/// The settings by which a host stops using its own shell and edit tools in a project.
namespace pyro::hosts {

/// Denies them in the project, and keeps in `record` what to give back. Returns the changed file,
/// or nullopt if it denied them already.
std::optional<std::filesystem::path> deny_host_tools(const ChatHost& host,
                                                     const std::filesystem::path& project,
                                                     const std::filesystem::path& record);

/// Gives back what deny_host_tools took in all projects. A setting that was changed since stays;
/// `details` says so.
std::vector<std::filesystem::path> give_back_host_tools(const ChatHost& host,
                                                        const std::filesystem::path& record,
                                                        std::vector<std::string>& details);

/// Whether they are denied in the project; `details` says why a setting does not count.
HostTools host_tools_in(const ChatHost& host, const Surroundings& here,
                        const std::filesystem::path& project, std::vector<std::string>& details);

}  // namespace pyro::hosts
