#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/work/work.h"

namespace pyro::image {

/// Where Debian packages come from, in apt's own words.
struct AptSource {
  /// Lines of a sources.list.
  std::vector<std::string> lines;
  /// Lines of an apt.conf: proxies, and whether old archives are accepted.
  std::vector<std::string> options;
  /// The archives' addresses, for people.
  std::string description;
};

/// The archives of Debian 12 among the lines of `apt-get indextargets --format
/// '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(CODENAME)'`, as sources.list lines; empty
/// unless the main archive is among them. Other origins, suites and odd lines are left out.
std::vector<std::string> sources_from_index_targets(std::string_view text);

/// The settings among `apt-config dump`'s lines that are passed on: proxies, and
/// Check-Valid-Until with Check-Date, without which an archive snapshot would be refused.
std::vector<std::string> options_from_apt_config(std::string_view text);

/// The archives below `mirror`, like http://deb.debian.org/debian. kInvalidArgument when it is no
/// address that a sources.list line can hold.
std::vector<std::string> sources_from_mirror(std::string_view mirror);

/// deb.debian.org: what a guest's own apt uses, and the last resort here.
std::vector<std::string> default_sources();

/// The configured mirror, else the host's own Debian 12 archives, else deb.debian.org.
AptSource choose_apt_source(const std::optional<std::string>& mirror, const Work& work);

}  // namespace pyro::image
