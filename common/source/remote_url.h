#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::source {

/// The place of a repository: https, ssh or this host's file system.
struct RemoteUrl {
  std::string plain;  ///< without secrets: for git's arguments and for messages
  /// Makes git present the credentials of the URL to that host alone. They are in the environment,
  /// which other users of this host cannot read.
  std::vector<std::string> settings{};
  std::map<std::string, std::string> variables{};
};

/// kInvalidArgument: another protocol, or not a URL. Its text never holds credentials.
RemoteUrl parse_remote_url(const std::string& url);

}  // namespace pyro::source
