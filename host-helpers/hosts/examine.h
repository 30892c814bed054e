#pragma once

#include <functional>

#include "host-helpers/hosts/chat_host.h"

namespace pyro::hosts {

/// What the doctor compares with.
struct Question {
  /// The canonical entry for the arguments that an entry has (nullopt: there is none).
  std::function<Entry(const std::optional<Entry>& found)> wanted;
  /// Fills in what a server of that entry would work with.
  std::function<void(const Entry& found, HostReport& report)> describe_server;
  /// The words that follow `pyro host VERB HOST`.
  std::string repair_words{};
  /// `pyro`, as the user calls it.
  std::string pyro = "pyro";
  std::optional<std::filesystem::path> config_path{};
};

/// Examines one host: reads its files, then starts the recorded command. It changes nothing. Of a
/// host it runs only `--version`, outside the project, whose files may make a host run things.
HostReport examine_host(const ChatHost& host, const Question& question, const Surroundings& here);

/// For a person.
std::string report_text(const HostsReport& report);

}  // namespace pyro::hosts
