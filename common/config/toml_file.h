#pragma once

#include <filesystem>

#include "common/api/json_codec.h"

namespace pyro {

/// A TOML file as JSON, so that a field list checks it. Errors name the line, not the file.
api::Json read_toml(const std::filesystem::path& file);

}  // namespace pyro
