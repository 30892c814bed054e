#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// What pyro wrote into projects to deny hosts their own tools: a file of the state directory.
namespace pyro::hosts {

/// A setting that pyro wrote into a project's file.
struct DeniedSetting {
  std::string host;
  std::string file;
  std::vector<std::string> path;
  bool element = false;
  std::string value;                  ///< as JSON
  std::optional<std::string> before;  ///< as JSON; nullopt: there was none
  bool made_file = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("host", &DeniedSetting::host, "The chat host.", api::kRequired);
    f("file", &DeniedSetting::file, "Its settings file in the project.", api::kRequired);
    f("path", &DeniedSetting::path, "The names of the setting.", api::kRequired);
    f("element", &DeniedSetting::element, "Whether the value is one of a list.");
    f("value", &DeniedSetting::value, "What pyro wrote, as JSON.", api::kRequired);
    f("before", &DeniedSetting::before, "What it was before, as JSON.");
    f("made_file", &DeniedSetting::made_file, "Whether pyro made the file.");
  }
};

struct DeniedSettings {
  std::vector<DeniedSetting> settings;

  template <class Fields>
  static void describe(Fields& f) {
    f("settings", &DeniedSettings::settings, "All of them.");
  }
};

}  // namespace pyro::hosts
