#pragma once

#include <filesystem>

#include "common/api/json_codec.h"

namespace pyro {

/// A TOML file as JSON, for a check by a field list. Errors name the line, not the file.
api::Json read_toml(const std::filesystem::path& file);

}  // namespace pyro
