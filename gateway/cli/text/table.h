#pragma once

#include <string>
#include <vector>

namespace pyro::cli {

/// Rows as columns two blanks apart, without trailing blanks; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace pyro::cli
