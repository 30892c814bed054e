#include "common/config/toml_file.h"

#include <toml++/toml.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {

api::Json read_toml(const std::filesystem::path& file) {
  try {
    std::ostringstream text;
    text << toml::json_formatter(toml::parse(read_file(file, 1U << 20U)));
    return api::parse_json(text.str()).value();
  } catch (const toml::parse_error& error) {
    throw invalid_argument("line {}: {}", error.source().begin.line, error.description());
  }
}

}  // namespace pyro
