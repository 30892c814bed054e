#pragma once

#include "host-helpers/hosts/chat_host.h"

namespace pyro::hosts {

/// A kind of settings file for which pyro only prints the entry, beside those of the chat hosts
/// that it knows how to change.
struct ConfigKind {
  std::string name;
  std::string title;
  /// Where its user puts the text.
  std::string file;
  std::string note{};
};

/// Every kind, the chat hosts' first.
std::vector<ConfigKind> config_kinds();

/// The whole text of such a file that has no other settings.
std::string rendered_config(const std::string& kind, const Entry& entry);

}  // namespace pyro::hosts
