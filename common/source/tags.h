#pragma once

#include <map>
#include <string>

#include "common/source/repository.h"

namespace pyro::source {

/// The ids of a repository's tags by their refs (`refs/tags/v1`): loose ones before packed ones, as
/// git reads them. Leaves out what is no ref or no id.
/// failed_precondition: more than 200,000 loose tags.
std::map<std::string, std::string> tags_of(const Repository& repository);

}  // namespace pyro::source
